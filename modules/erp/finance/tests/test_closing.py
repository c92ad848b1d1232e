"""Closing income and expenses, statements, and the chain of entries."""

from datetime import date

import pytest
from django.db import connection

from modules.erp.finance.models import FiscalPeriod
from modules.erp.finance.selectors import balance_sheet, chain_check, general_ledger, income_statement, trial_balance
from modules.erp.finance.services import close_income, reverse_entry
from modules.erp.finance.tests.factories import D, account, ledger, make_books, post, refused

pytestmark = pytest.mark.usefixtures("inside")


def period_of(book, number):
    return FiscalPeriod.objects.get(company=book.company, year__code="2026", number=number)


def keep(book):
    """Book capital, sales and costs of January and February."""
    post(book, ("1002", "debit", "1000.00"), ("3001", "credit", "1000.00"), on=date(2026, 1, 2))
    post(book, ("1002", "debit", "300.00"), ("5001", "credit", "300.00"), on=date(2026, 1, 15))
    post(book, ("5401", "debit", "120.00"), ("1002", "credit", "120.00"), on=date(2026, 1, 20))
    post(book, ("5602", "debit", "50.00"), ("1002", "credit", "50.00"), on=date(2026, 2, 20))


def test_a_chinese_book_closes_every_month():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    with refused("STATE", "period"):
        close_income(period=period_of(book, 2))
    income, expenses = close_income(period=period_of(book, 1))
    assert (income.kind, income.number, expenses.number) == ("closing", "2026-01-记-0004", "2026-01-记-0005")
    assert ledger(book) == {"1002": D(1130), "3001": D(-1000), "3103": D(-180), "5602": D(50)}
    [february] = close_income(period=period_of(book, 2))
    assert february.posting_date == date(2026, 2, 28)
    assert ledger(book) == {"1002": D(1130), "3001": D(-1000), "3103": D(-130)}
    assert close_income(period=period_of(book, 2)) == []


def test_the_income_statement_shows_what_was_before_closing():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    before = income_statement(book=book, start=date(2026, 1, 1), end=date(2026, 2, 28))
    for number in (1, 2):
        close_income(period=period_of(book, number))
    after = income_statement(book=book, start=date(2026, 1, 1), end=date(2026, 2, 28))
    assert before == after
    amounts = {row.key: row.amount for row in after.rows}
    assert (amounts["revenue"], amounts["cost"], amounts["net_profit"], after.difference) == (D(300), D(120), D(130), 0)


@pytest.mark.parametrize("closed", [False, True])
def test_assets_equal_liabilities_and_equity_before_and_after_closing(closed):
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    if closed:
        close_income(period=period_of(book, 1))
    sheet = balance_sheet(book=book, on=date(2026, 2, 28))
    amounts = {row.key: row.amount for row in sheet.rows}
    assert (amounts["assets"], amounts["capital"], amounts["earnings"], sheet.difference) == (D(1130), D(1000), D(130), 0)


def test_the_last_period_carries_the_result_to_retained_earnings():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    for number in range(1, 13):
        made = close_income(period=period_of(book, number))
    assert [entry.purpose for entry in made] == ["close retained 1"]
    assert ledger(book) == {"1002": D(1130), "3001": D(-1000), "310415": D(-130)}


def test_an_american_book_closes_once_a_year():
    _, book = make_books()
    post(book, ("1010", "debit", "300.00"), ("4100", "credit", "300.00"))
    post(book, ("6000", "debit", "120.00"), ("1010", "credit", "120.00"))
    with refused("STATE", "period"):
        close_income(period=period_of(book, 3))
    sheet = balance_sheet(book=book, on=date(2026, 3, 31))
    assert {row.key: row.amount for row in sheet.rows}["net_income"] == 180
    assert sheet.difference == 0
    close_income(period=period_of(book, 12))
    assert ledger(book) == {"1010": D(180), "3200": D(-180)}


def test_a_closing_entry_can_be_taken_back_and_made_again():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    for entry in close_income(period=period_of(book, 1)):
        reverse_entry(entry=entry)
    post(book, ("5601", "debit", "10.00"), ("1002", "credit", "10.00"), on=date(2026, 1, 31))
    close_income(period=period_of(book, 1))
    assert ledger(book)["3103"] == D(-170)
    statement = income_statement(book=book, start=date(2026, 1, 1), end=date(2026, 1, 31))
    assert (statement.rows[-1].amount, statement.difference) == (D(170), 0)


def test_the_ledger_of_an_account_runs_its_balance():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    found = general_ledger(account=account(book, "1002"), start=date(2026, 1, 10), end=date(2026, 1, 31))
    assert (found.opening, found.closing, found.complete) == (D(1000), D(1180), True)
    assert [(row.debit, row.credit, row.balance) for row in found.rows] == [(D(300), 0, D(1300)), (0, D(120), D(1180))]


def test_the_trial_balance_shows_before_turnover_and_after():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    found = trial_balance(book=book, start=date(2026, 2, 1), end=date(2026, 2, 28))
    rows = {row.account.code: (row.opening, row.debit, row.credit, row.closing) for row in found.rows}
    assert rows["1002"] == (D(1180), 0, D(50), D(1130))
    assert (found.debit, found.credit, found.balance) == (D(50), D(50), 0)
    with refused("INVALID", "end"):
        trial_balance(book=book, start=date(2026, 2, 2), end=date(2026, 2, 1))


def test_the_chain_of_entries_shows_what_was_changed_behind_the_books():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    keep(book)
    assert (chain_check(book=book).entries, chain_check(book=book).intact) == (4, True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE finance_bookhead SET hash = 'other' WHERE book_id = %s", [book.pk])
    found = chain_check(book=book)
    assert (found.entries, found.intact, found.broken_at) == (4, False, "the end")
