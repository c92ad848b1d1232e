"""Finance on late, off, on again, and never thrown away too early."""

from datetime import date

import pytest
from tessera.testing.plugin import entered

from modules.base.api import stock_values
from modules.base.tests.factories import make_company, make_item
from modules.erp.finance.apps import Finance
from modules.erp.finance.models import Book, Entry
from modules.erp.finance.selectors import reconciliation
from modules.erp.finance.services import catch_up, cut_over
from modules.erp.finance.tests.factories import D, ledger, make_books, post


def keeper():
    from django.apps import apps

    return apps.get_app_config("finance")


@pytest.fixture
def worth(monkeypatch):
    """Let stock answer what it is worth."""
    values = {}
    monkeypatch.setattr(stock_values, "answered_by", lambda *, company: dict(values))
    return values


def test_a_company_set_up_before_finance_gets_books_and_one_opening_entry(inside, tenant, worth):
    with entered(tenant, actor=inside.actor, modules=frozenset({"base", "stock"})):
        company = make_company(country="US")
        item, other = make_item(), make_item("COFFEE")
    assert not Book.objects.exists()
    worth.update({item.pk: D("70.00"), other.pk: D("30.00")})
    keeper().on_enable(tenant.ref())
    book = Book.objects.get(company=company)
    [opening] = Entry.objects.filter(book=book)
    assert (opening.kind, book.cut_over, ledger(book)) == ("opening", opening.posting_date, {"1200": D(100), "3100": D(-100)})
    keeper().on_enable(tenant.ref())
    assert Entry.objects.count() == 1


def test_finance_on_again_books_the_gap_in_one_entry(inside, worth):
    company, book = make_books()
    item = make_item()
    worth[item.pk] = D("100.00")
    catch_up(company=company)
    worth[item.pk] = D("64.00")
    cut_over()
    assert [entry.kind for entry in Entry.objects.order_by("seq")] == ["opening", "adjusting"]
    assert ledger(book) == {"1200": D(64), "3100": D(-64)}
    assert not any(row.difference for row in reconciliation(company=company))


def test_where_nobody_keeps_stock_there_is_nothing_to_catch_up(inside, tenant):
    company, _ = make_books()
    with entered(tenant, actor=inside.actor, modules=frozenset({"base", "finance"})):
        assert catch_up(company=company) == []


def test_the_law_counts_from_the_end_of_the_fiscal_year_of_the_last_entry(inside, tenant):
    _, book = make_books()
    assert keeper().purgeable_from(tenant.ref()) is None
    post(book, ("1010", "debit", "1"), ("3000", "credit", "1"), on=date(2026, 2, 28))
    assert keeper().purgeable_from(tenant.ref()) == date(2034, 1, 1)  # seven years in the American chart
    _, chinese = make_books("CN", "CNY", "cn_small")
    post(chinese, ("1002", "debit", "1"), ("3001", "credit", "1"), on=date(2026, 12, 31))
    assert keeper().purgeable_from(tenant.ref()) == date(2057, 1, 1)


def test_the_manifest_names_what_it_needs():
    assert isinstance(keeper(), Finance)
    assert keeper().depends == ("base",)
