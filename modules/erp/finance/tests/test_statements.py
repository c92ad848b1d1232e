"""What posting costs in statements: the same for two lines as for ten, and no more than is written here."""

from datetime import date

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.tests.factories import make_customer, make_item, make_tax
from modules.erp.finance.models import AccountMap
from modules.erp.finance.services import AccountFinder, InvoiceLineInput, create_invoice, draft_entry, post_entry, post_invoice
from modules.erp.finance.tests.factories import D, account, items_of, lines, make_books, pay

DAY = date(2026, 3, 10)
OF_A_TRANSACTION = ("SAVEPOINT", "RELEASE")


@pytest.fixture
def alone(inside, tenant):
    """Enter with finance alone, so that nobody else's hooks and handlers count."""
    with entered(tenant, actor=inside.actor, modules=frozenset({"base", "finance"})):
        yield


def statements(work):
    """Return the statements that some work takes, without those that only frame it."""
    with CaptureQueriesContext(connections["default"]) as captured:
        work()
    return [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(OF_A_TRANSACTION)]


def draft(company, customer, count, **values):
    item, tax = make_item(f"TEA{count}"), make_tax(code=f"VAT{count}", rate="0.10")
    inputs = [InvoiceLineInput(item=item, unit_price=D("5"), taxes=[tax]) for _ in range(count)]
    return create_invoice(company=company, direction="sale", party=customer, lines=inputs, document_date=DAY, **values)


def test_posting_an_invoice_takes_fifteen_statements_however_many_lines(alone):
    company, _ = make_books()
    customer = make_customer(company)
    drafts = [draft(company, customer, count) for count in (2, 10)]
    found = [statements(lambda each=made: post_invoice(invoice=each)) for made in drafts]
    assert [len(each) for each in found] == [15, 15], "\n".join(found[1])


def test_posting_a_drafted_entry_takes_four_statements(alone):
    _, book = make_books()
    inputs = lines(book, ("1010", "debit", "5"), ("6000", "debit", "5"), ("3000", "credit", "5"), ("3100", "credit", "5"))
    drafted = []
    written = statements(lambda: drafted.append(draft_entry(book=book, posting_date=DAY, lines=inputs)))
    assert len(written) == 3, "\n".join(written)
    posted = statements(lambda: post_entry(entry=drafted[0]))
    assert len(posted) == 4, "\n".join(posted)


def test_a_payment_of_an_invoice_takes_as_many_statements_whatever_the_invoice(alone):
    company, _ = make_books()
    customer = make_customer(company)
    found = []
    for count in (2, 10):
        invoice = post_invoice(invoice=draft(company, customer, count))
        found.append(statements(lambda each=invoice: pay(company, customer, each.gross_total, *items_of(each))))
    assert len(found[0]) == len(found[1]) <= 30, "\n".join(found[1])


def test_rows_of_the_map_for_other_items_are_not_read(alone):
    _, book = make_books()
    tea, jam = make_item("TEA"), make_item("JAM")
    general, special = account(book, "4000"), account(book, "4100")
    with unit_of_work():
        for item in (tea, jam):
            AccountMap(book=book, purpose="revenue", item=item, account=special).save()
    finder = AccountFinder(book)
    read = statements(lambda: finder.load(["revenue", "revenue_charge", "receivable"], [tea.pk]))
    assert len(read) == 1
    chosen = []
    assert statements(lambda: chosen.extend((finder.account("revenue", item=tea.pk), finder.account("revenue")))) == []
    assert chosen == [special, general]
    assert len(statements(lambda: chosen.append(finder.account("revenue", item=jam.pk)))) == 1
    assert chosen[-1] == special
