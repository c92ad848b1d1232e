"""What an accountant asks the books through the API, with just the rights that it takes."""

from datetime import date

import pytest
from tessera.api import Reach, new_id
from tessera.graph.ids import encode
from tessera.testing.asking import ask, codes

from modules.base.tests.factories import make_company, make_customer
from modules.erp.finance.models import FiscalPeriod
from modules.erp.finance.tests.factories import account, items_of, make_books, make_invoice, pay, post
from modules.erp.finance.tests.test_goods import Shop

pytestmark = pytest.mark.usefixtures("inside")
SEE = ("finance.report_view", "finance.account_book_view", "finance.account_view", "base.company_view", "base.party_view")
YEAR = {"start": "2026-01-01", "end": "2026-12-31"}


@pytest.fixture
def kept(inside):
    """A Chinese company with capital, a sale that is open in part, and an expense."""
    company, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    post(book, ("1002", "debit", "1000.00"), ("3001", "credit", "1000.00"), on=date(2026, 1, 2))
    post(book, ("5602", "debit", "50.00"), ("1002", "credit", "50.00"), on=date(2026, 1, 20))
    customer = make_customer(company)
    sold = make_invoice(company, customer, ("1", "300.00"), on=date(2026, 1, 10))
    pay(company, customer, "100.00", *items_of(sold), on=date(2026, 1, 15))
    return book


def read(text, **variables):
    body = ask(text, **variables)
    assert "errors" not in body, body
    (found,) = body["data"].values()
    return found


def of_book(book):
    return {"book": encode("AccountBook", book.pk)}


def test_the_trial_balance(kept, as_member):
    as_member(*SEE)
    found = read(
        """query($book: ID!, $start: Date!, $end: Date!) { trialBalance(book: $book, start: $start, end: $end) {
            debit credit balance rows { account { code } opening debit credit closing } } }""",
        **of_book(kept),
        **YEAR,
    )
    assert (found["debit"], found["credit"], found["balance"]) == ("1450", "1450", "0")
    rows = {row["account"]["code"]: (row["debit"], row["credit"], row["closing"]) for row in found["rows"]}
    assert rows == {
        "1002": ("1100", "50", "1050"),
        "1122": ("300", "100", "200"),
        "3001": ("0", "1000", "-1000"),
        "5001": ("0", "300", "-300"),
        "5602": ("50", "0", "50"),
    }


def test_balance_sheet_and_income_statement(kept, as_member):
    as_member(*SEE)
    sheet = read(
        'query($book: ID!) { balanceSheet(book: $book, on: "2026-12-31") { difference rows { key amount } } }', **of_book(kept)
    )
    amounts = {row["key"]: row["amount"] for row in sheet["rows"]}
    assert (amounts["assets"], amounts["capital"], amounts["earnings"], sheet["difference"]) == ("1250", "1000", "250", "0")
    found = read(
        """query($book: ID!, $start: Date!, $end: Date!) { incomeStatement(book: $book, start: $start, end: $end) {
            difference currency rows { key amount total } } }""",
        **of_book(kept),
        **YEAR,
    )
    amounts = {row["key"]: row["amount"] for row in found["rows"]}
    assert (amounts["revenue"], amounts["net_profit"], found["currency"], found["difference"]) == ("300", "250", "CNY", "0")


def test_the_ledger_of_an_account_with_its_lines(kept, as_member):
    as_member(*SEE, "finance.entry_line_view", "finance.entry_view")
    found = read(
        """query($account: ID!, $start: Date!, $end: Date!) { generalLedger(account: $account, start: $start, end: $end) {
            opening closing complete rows { number debit credit balance line { entry { number } } } } }""",
        account=encode("Account", account(kept, "1002").pk),
        **YEAR,
    )
    assert [(row["debit"], row["credit"], row["balance"]) for row in found["rows"]] == [
        ("1000", "0", "1000"),
        ("100", "0", "1100"),
        ("0", "50", "1050"),
    ]
    assert all(row["number"] == row["line"]["entry"]["number"] for row in found["rows"])


def test_ageing_and_reconciliation(kept, as_member):
    as_member(*SEE)
    company = {"company": encode("Company", kept.company_id)}
    found = read(
        'query($company: ID!) { ageing(company: $company, on: "2026-03-01", side: CUSTOMER) { total rows { party { name } to60 } } }',
        **company,
    )
    assert found == {"total": "200", "rows": [{"party": {"name": "Alfreds"}, "to60": "200"}]}
    rows = read("query($company: ID!) { reconciliation(company: $company) { control ledger subledger difference } }", **company)
    assert {row["control"]: row["ledger"] for row in rows if row["ledger"] != "0"} == {"receivable": "200"}
    assert {row["difference"] for row in rows} == {"0"}


def test_goods_that_wait_for_their_paper(as_member):
    shop = Shop()
    shop.move("supplier", "storage", "10", "50.00", receipt_line=new_id())
    as_member(*SEE, "base.item_view")
    found = read(
        'query($company: ID!) { receivedNotBilled(company: $company, on: "2026-03-20") { item { code } party { name } quantity value days } }',
        company=encode("Company", shop.company.pk),
    )
    assert found == [{"item": {"code": "TEA"}, "party": {"name": "Exotic Liquids"}, "quantity": "10", "value": "50", "days": 8}]
    shipped = read(
        'query($company: ID!) { shippedNotInvoiced(company: $company, on: "2026-03-20") { quantity } }',
        company=encode("Company", shop.company.pk),
    )
    assert shipped == []


def test_the_chain_of_entries_and_the_choice_of_an_account(kept, as_member):
    as_member(*SEE)
    found = read("query($book: ID!) { chainCheck(book: $book) { entries intact brokenAt } }", **of_book(kept))
    assert found == {"entries": 4, "intact": True, "brokenAt": ""}
    text = 'query($book: ID!) { explainAccount(book: $book, purpose: "revenue_service") { account { code } why } }'
    assert read(text, **of_book(kept)) == {
        "account": {"code": "5001"},
        "why": "revenue_service: the row that holds for everything",
    }


def test_whoever_may_not_see_reports_is_refused_and_books_of_others_are_not_found(kept, as_member):
    text = 'query($book: ID!) { balanceSheet(book: $book, on: "2026-12-31") { difference } }'
    other = make_company("OTHER")
    as_member("finance.account_book_view", "finance.account_view")
    assert codes(ask(text, **of_book(kept))) == ["FORBIDDEN"]
    as_member(*SEE, reach=Reach(companies=frozenset({other.pk})))
    assert codes(ask(text, **of_book(kept))) == ["NOT_FOUND"]


CLOSE = """mutation($id: ID!) { fiscalPeriodCloseIncome(id: $id) {
    nodes { number word kind postingDate lines(orderBy: [{ field: POSITION }]) { nodes { account { code } side amount } } }
    userErrors { field code } } }"""


def test_a_month_is_closed_with_numbered_vouchers(kept, as_member):
    """月结: income and expenses of January go to 本年利润, under the next numbers of the month's word."""
    january = FiscalPeriod.objects.get(company=kept.company, year__code="2026", number=1)
    as_member("finance.closing_run", "finance.fiscal_period_view", "finance.entry_view", "finance.entry_line_view", *SEE)
    body = ask(CLOSE, id=encode("FiscalPeriod", january.pk))
    assert "errors" not in body, body
    payload = body["data"]["fiscalPeriodCloseIncome"]
    assert payload["userErrors"] == []
    made = [(node["number"], node["word"], node["kind"], node["postingDate"]) for node in payload["nodes"]]
    assert made == [
        ("2026-01-记-0005", "记", "CLOSING", "2026-01-31"),
        ("2026-01-记-0006", "记", "CLOSING", "2026-01-31"),
    ]
    income = [(row["account"]["code"], row["side"], row["amount"]) for row in payload["nodes"][0]["lines"]["nodes"]]
    assert income == [("5001", "DEBIT", "300"), ("3103", "CREDIT", "300")]
