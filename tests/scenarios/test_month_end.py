"""A month is closed by who may, refuses what comes late, and is opened again only for a reason that is on record."""

from datetime import date

import pytest
from tessera.context import system
from tessera.graph.ids import encode
from tessera.story.client import Enum
from tessera.testing.plugin import entered

from modules.erp.finance.tests.factories import account, make_books

KEEPS = ("finance.entry_view", "finance.entry_create", "finance.entry_post", "finance.entry_reverse")
CLOSES = (
    "finance.period_close",
    "finance.fiscal_period_view",
    "finance.period_lock_view",
    "finance.closing_run",
    "finance.report_view",
)
MARCH, APRIL = date(2026, 3, 5), date(2026, 4, 2)


@pytest.fixture
def books(tenant):
    """Return the ids of a Chinese company's book, which closes monthly, and of three of its accounts."""
    with entered(tenant, actor=system("test")):
        company, book = make_books(chart_code="cn_small", currency="CNY")
        accounts = {code: encode("Account", account(book, code).pk) for code in ("1001", "5001", "5602")}
    return {"book": encode("AccountBook", book.pk), "company": encode("Company", company.pk), **accounts}


@pytest.fixture
def fay(hire):
    return hire("fay", *KEEPS, "finance.account_view", "finance.account_book_view")


@pytest.fixture
def lin(hire):
    return hire("lin", *CLOSES, *KEEPS, "base.company_view", "finance.account_book_view")


def entry(books, amount="100.00", on=MARCH):
    lines = [
        {"account": books["1001"], "side": Enum("DEBIT"), "amount": amount},
        {"account": books["5001"], "side": Enum("CREDIT"), "amount": amount},
    ]
    return {"book": books["book"], "postingDate": on, "summary": "Cash sale", "lines": lines}


def period(person, number=3):
    document = "query ($n: Int!) { fiscalPeriods(filter: {number: {eq: $n}}) { nodes { id start } } }"
    return next(
        each["id"] for each in person.see(document, n=number)["fiscalPeriods"]["nodes"] if each["start"] == f"2026-{number:02}-01"
    )


def close(person, month, *areas):
    return [person.try_to("fiscalPeriodClose", "state", id=month, input={"area": Enum(area)}) for area in areas]


def test_a_month_is_closed_in_order_takes_nothing_late_and_is_opened_by_who_may(books, fay, lin, hire):
    march = period(lin)
    fay.do("entryPost", id=fay.do("entryCreate", input=entry(books))["id"])
    waiting = fay.do("entryCreate", input=entry(books, "20.00"))["id"]
    assert lin.refused("fiscalPeriodClose", id=march, input={"area": Enum("LEDGER")}) == [("STATE", "input.area")]
    assert {each["node"]["state"] for each in close(lin, march, "SALES", "PURCHASE", "STOCK")} == {"CLOSED"}
    assert lin.refused("fiscalPeriodClose", id=march, input={"area": Enum("LEDGER")}) == [("STATE", "id")]  # a draft waits
    fay.do("entryPost", id=waiting)
    document = f'mutation {{ fiscalPeriodCloseIncome(id: "{march}") {{ nodes {{ number postingDate }} userErrors {{ code }} }} }}'
    assert lin.see(document)["fiscalPeriodCloseIncome"] == {
        "nodes": [{"number": "2026-03-记-0003", "postingDate": "2026-03-31"}],
        "userErrors": [],
    }
    assert close(lin, march, "LEDGER") == [{"node": {"state": "CLOSED"}, "userErrors": []}]
    assert fay.refused("entryCreate", input=entry(books)) == [("CLOSED_PERIOD", "input.postingDate")]
    fay.do("entryPost", id=fay.do("entryCreate", input=entry(books, on=APRIL))["id"])
    denied = lin.ask(f'mutation {{ fiscalPeriodReopen(id: "{march}", input: {{area: LEDGER}}) {{ userErrors {{ code }} }} }}')
    assert denied["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "finance.period_reopen"}
    max_ = hire("max", "finance.period_reopen", "finance.fiscal_period_view", "finance.period_lock_view")
    assert max_.do("fiscalPeriodReopen", "state", id=march, input={"area": Enum("LEDGER")}) == {"state": "OPEN"}
    fay.do("entryPost", id=fay.do("entryCreate", input=entry(books))["id"])


def test_who_keeps_the_books_does_not_close_them(books, fay, lin):
    march = period(lin)
    denied = fay.ask(f'mutation {{ fiscalPeriodClose(id: "{march}", input: {{area: LEDGER}}) {{ userErrors {{ code }} }} }}')
    assert denied["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "finance.period_close"}
