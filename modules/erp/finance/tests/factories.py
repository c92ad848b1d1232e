"""Books and entries for tests; the caller is inside a tenant as the system."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.api import ExchangeRate
from modules.base.tests.factories import make_company
from modules.erp.finance.models import Account, Book, OpenItem
from modules.erp.finance.selectors import reconciliation, trial_balance
from modules.erp.finance.services import (
    AllocationInput,
    EntryLineInput,
    InvoiceLineInput,
    create_invoice,
    create_payment,
    draft_entry,
    post_entry,
    post_invoice,
    post_payment,
)


def D(text):
    """Return a decimal."""
    return Decimal(text)


def make_books(code="HQ", currency="USD", chart_code="us", **values):
    """Return a company and its leading book, which opened itself with the company."""
    company = make_company(code=code, currency=currency, country="CN" if chart_code == "cn_small" else "US", **values)
    return company, Book.objects.get(company=company, chart=chart_code)


def account(book, code):
    """Return an account by its code."""
    return Account.objects.get(book=book, code=code)


def lines(book, *rows):
    """Return entry lines from (code, side, amount) triples; a fourth value holds further fields."""
    return [
        EntryLineInput(account=account(book, code), side=side, amount=Decimal(amount), **(more[0] if more else {}))
        for code, side, amount, *more in rows
    ]


def post(book, *rows, on=date(2026, 3, 5), **values):
    """Return a posted entry made by hand."""
    return post_entry(entry=draft_entry(book=book, posting_date=on, lines=lines(book, *rows), **values))


@contextmanager
def refused(code, field=None):
    """Expect a refusal with a code and, where given, a field path."""
    with pytest.raises(Refused) as info:
        yield
    problem = info.value.problems[0]
    assert problem.code == code, problem
    assert field is None or ".".join(problem.field) == field, problem


def ledger(book):
    """Return the balance of every account that has one, by code; debits positive."""
    found = trial_balance(book=book, start=date(2026, 1, 1), end=date(2099, 12, 31))
    assert found.debit == found.credit
    assert found.balance == 0
    return {row.account.code: row.closing for row in found.rows if row.closing}


def turnovers(book, code):
    """Return (debits, credits) of an account."""
    for row in trial_balance(book=book, start=date(2026, 1, 1), end=date(2099, 12, 31)).rows:
        if row.account.code == code:
            return row.debit, row.credit
    return D(0), D(0)


def assert_reconciled(company):
    """Check that every control account is the sum of its subledger."""
    off = [row for row in reconciliation(company=company) if row.difference]
    assert not off, off


def make_invoice(company, party, *rows, direction="sale", on=date(2026, 3, 10), **values):
    """Return a posted invoice; rows are (quantity, unit price) or line inputs."""
    inputs = [
        row
        if isinstance(row, InvoiceLineInput)
        else InvoiceLineInput(description="Thing", kind="service", quantity=D(row[0]), unit_price=D(row[1]), taxes=[])
        for row in rows
    ]
    draft = create_invoice(company=company, direction=direction, party=party, lines=inputs, document_date=on, **values)
    return post_invoice(invoice=draft)


def items_of(document):
    """Return the open items of a document."""
    return list(OpenItem.objects.filter(document=document.pk).order_by("due_date", "id"))


def pay(company, party, amount, *items, direction="in", side="customer", on=date(2026, 3, 20), **values):
    """Return a posted payment that settles the items."""
    payment = create_payment(
        company=company, party=party, direction=direction, side=side, amount=D(amount), posting_date=on, **values
    )
    return post_payment(payment=payment, allocations=[AllocationInput(item=item) for item in items])


def put_rate(currency, quote, rate, on):
    """Quote a rate."""
    with unit_of_work():
        ExchangeRate(currency=currency, quote=quote, date=on, rate=D(rate)).save()


ROWS = {  # what tessera.testing.rows cannot know: there are only the charts and the kinds of documents that there are
    "Book": {"chart": "us"},
    "Entry": {"source_kind": "finance.Invoice"},
    "OpenItem": {"document_kind": "finance.Invoice"},
}
