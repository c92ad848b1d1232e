"""Books and entries for tests; the caller is inside a tenant as the system."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused

from modules.base.tests.factories import make_company
from modules.erp.finance.models import Account, Book
from modules.erp.finance.services import EntryLineInput, draft_entry, post_entry, setup_books


def D(text):
    """Return a decimal."""
    return Decimal(text)


def make_books(code="HQ", currency="USD", chart_code="us", start=date(2026, 1, 1), **values):
    """Return a company and its leading book."""
    company = make_company(code=code, currency=currency, **values)
    book = Book.objects.filter(company=company).first() or setup_books(
        company=company, chart_code=chart_code, fiscal_year_start=start
    )
    return company, book


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
