"""Entries: balanced, numbered, frozen, reversed."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.tests.factories import make_customer
from modules.erp.finance.models import Area, Book, Entry, EntryLine, FiscalPeriod, FiscalYear
from modules.erp.finance.services import (
    close_period,
    draft_entry,
    explain_account,
    open_fiscal_year,
    post_entry,
    reopen_period,
    reverse_entry,
    setup_books,
)
from modules.erp.finance.tests.factories import D, account, items_of, lines, make_books, make_invoice, pay, post, refused

pytestmark = pytest.mark.usefixtures("inside")


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_posted_entry_has_number_place_and_totals():
    _, book = make_books()
    first = post(book, ("1010", "debit", "100.00"), ("3000", "credit", "100.00"))
    second = post(book, ("6000", "debit", "30.00"), ("1010", "credit", "30.00"))
    assert (first.number, second.number) == ("GJ-2026-00001", "GJ-2026-00002")
    stored = Entry.objects.get(pk=second.pk)
    assert (stored.state, stored.seq) == ("posted", 2)
    assert len(stored.prev_hash) == 64
    assert Entry.objects.get(pk=first.pk).prev_hash == ""


def test_a_fiscal_year_that_is_not_the_calendars_names_and_begins_the_numbers():
    company, book = make_books()
    with unit_of_work():
        FiscalPeriod.objects.all().delete()
        FiscalYear.objects.all().delete()
    open_fiscal_year(company=company, start=date(2025, 7, 1))
    rows = ("1010", "debit", "5"), ("3000", "credit", "5")
    customer = make_customer(company)
    sold = make_invoice(company, customer, ("1", "10.00"))
    paid = pay(company, customer, "10.00", *items_of(sold))
    assert [each.number for each in (post(book, *rows), sold, paid)] == [
        "GJ-2025/2026-00001", "INV-2025/2026-00001", "RCT-2025/2026-00001",
    ]  # fmt: skip
    assert [post(book, *rows, on=day).number for day in (date(2025, 12, 31), date(2026, 7, 1))] == [
        "GJ-2025/2026-00002", "GJ-2026/2027-00001",
    ]  # fmt: skip


def test_an_entry_says_how_many_papers_belong_to_it():
    _, book = make_books()
    posted = post(book, ("1010", "debit", "5"), ("3000", "credit", "5"), attachments_count=3)
    assert Entry.objects.get(pk=posted.pk).attachments_count == 3


def test_a_draft_has_no_number_and_can_be_thrown_away():
    _, book = make_books()
    draft = draft_entry(
        book=book, posting_date=date(2026, 3, 5), lines=lines(book, ("1010", "debit", "5"), ("3000", "credit", "5"))
    )
    assert (draft.state, draft.number) == ("draft", None)
    sql("DELETE FROM finance_entryline WHERE entry_id = %s", draft.pk)
    sql("DELETE FROM finance_entry WHERE id = %s", draft.pk)


def test_an_unbalanced_entry_is_refused():
    _, book = make_books()
    with refused("UNBALANCED", "lines"):
        post(book, ("1010", "debit", "100.00"), ("3000", "credit", "99.99"))
    assert not Entry.objects.exists()


def test_the_database_refuses_an_unbalanced_posting():
    _, book = make_books()
    draft = draft_entry(
        book=book, posting_date=date(2026, 3, 5), lines=lines(book, ("1010", "debit", "5"), ("3000", "credit", "5"))
    )
    sql("UPDATE finance_entryline SET amount = 6 WHERE entry_id = %s AND side = 'debit'", draft.pk)
    with pytest.raises(IntegrityError, match="debits and credits"):
        sql("UPDATE finance_entry SET state = 'posted', number = 'x', seq = 9 WHERE id = %s", draft.pk)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance_entry SET summary = 'changed' WHERE id = %s",
        "UPDATE finance_entry SET state = 'draft' WHERE id = %s",
        "DELETE FROM finance_entry WHERE id = %s",
        "UPDATE finance_entryline SET amount = 1 WHERE entry_id = %s",
        "DELETE FROM finance_entryline WHERE entry_id = %s",
        "INSERT INTO finance_entryline (id, entry_id, position, account_id, purpose, side, amount, currency, amount_currency, rate, summary)"
        " SELECT gen_random_uuid(), entry_id, 9, account_id, '', 'debit', 1, 'USD', 1, 1, '' FROM finance_entryline WHERE entry_id = %s LIMIT 1",
    ],
)
def test_a_posted_entry_is_frozen(statement):
    _, book = make_books()
    entry = post(book, ("1010", "debit", "100.00"), ("3000", "credit", "100.00"))
    with pytest.raises(IntegrityError):
        sql(statement, entry.pk)


def test_no_entry_is_born_posted_and_none_is_emptied():
    _, book = make_books()
    post(book, ("1010", "debit", "100.00"), ("3000", "credit", "100.00"))
    with pytest.raises(IntegrityError, match="born as a draft"):
        sql(
            'INSERT INTO finance_entry SELECT (jsonb_populate_record(e, \'{"id": "00000000-0000-7000-8000-000000000001",'
            ' "number": "x", "seq": 99}\')).* FROM finance_entry e'
        )
    for table in ("finance_entryline", "finance_entry"):
        with pytest.raises((IntegrityError, Exception)):
            sql(f"TRUNCATE {table} CASCADE")
    assert EntryLine.objects.count() == 2


def test_an_entry_is_posted_once():
    _, book = make_books()
    entry = post(book, ("1010", "debit", "100.00"), ("3000", "credit", "100.00"))
    with refused("STATE", "state"):
        post_entry(entry=entry)


def test_a_closed_period_takes_no_entry():
    _, book = make_books()
    march = FiscalPeriod.objects.get(company=book.company, year__code="2026", number=3)
    draft = draft_entry(
        book=book, posting_date=date(2026, 3, 5), lines=lines(book, ("1010", "debit", "5"), ("3000", "credit", "5"))
    )
    for area in (Area.SALES, Area.PURCHASE, Area.STOCK):
        close_period(period=march, area=area)
    with refused("STATE", "period"):
        close_period(period=march, area=Area.LEDGER)
    sql(
        "INSERT INTO finance_periodlock (id, version, created_at, updated_at, period_id, area, state)"
        " VALUES (gen_random_uuid(), 1, now(), now(), %s, 'ledger', 'closed')",
        march.pk,
    )
    with refused("CLOSED_PERIOD", "posting_date"):
        post_entry(entry=draft)
    with refused("CLOSED_PERIOD", "posting_date"):
        post(book, ("1010", "debit", "1"), ("3000", "credit", "1"))
    with pytest.raises(IntegrityError, match="period is closed"):
        sql("UPDATE finance_entry SET state = 'posted', number = 'x', seq = 9 WHERE id = %s", draft.pk)
    reopen_period(period=march, area=Area.LEDGER)
    assert post_entry(entry=draft).number == "GJ-2026-00001"


def test_a_day_before_the_books_has_no_period_and_the_next_year_opens_itself():
    _, book = make_books()
    with refused("CLOSED_PERIOD", "posting_date"):
        post(book, ("1010", "debit", "1"), ("3000", "credit", "1"), on=date(2025, 12, 31))
    assert post(book, ("1010", "debit", "1"), ("3000", "credit", "1"), on=date(2028, 2, 29)).period.year.code == "2028"


def test_fiscal_years_do_not_overlap():
    company, _ = make_books()
    with pytest.raises(Refused):
        open_fiscal_year(company=company, start=date(2026, 7, 1))


def test_a_red_letter_reversal_leaves_turnover_net():
    _, book = make_books()
    entry = post(book, ("6000", "debit", "80.00"), ("1010", "credit", "80.00"))
    red = reverse_entry(entry=entry, reason="typed twice")
    rows = list(EntryLine.objects.filter(account=account(book, "6000")).order_by("id").values_list("side", "amount"))
    assert rows == [("debit", D("80.0000")), ("debit", D("-80.0000"))]
    assert (red.kind, red.reverses_id, red.number) == ("reversal", entry.pk, "GJ-2026-00002")
    with refused("STATE", "state"):
        reverse_entry(entry=entry)


def test_control_accounts_are_left_to_their_subledgers():
    _, book = make_books()
    with refused("CONTROL", "lines.0.account"):
        post(book, ("1100", "debit", "10"), ("4000", "credit", "10"))


def test_bad_lines_name_their_field():
    _, book = make_books()
    with refused("INVALID", "lines.0.amount"):
        post(book, ("1010", "debit", "10.005"), ("3000", "credit", "10.005"))
    _, other = make_books(code="SUB", currency="EUR")
    with refused("INVALID", "lines.0.account"):
        draft_entry(book=book, posting_date=date(2026, 3, 5), lines=lines(other, ("1010", "debit", "5"), ("3000", "credit", "5")))


def test_vouchers_are_numbered_continuously_per_month_and_word():
    _, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    days = [date(2026, 3, 5), date(2026, 3, 9), date(2026, 4, 1), date(2026, 3, 31)]
    made = [post(book, ("1002", "debit", "1"), ("3001", "credit", "1"), on=day).number for day in days]
    assert made == ["2026-03-记-0001", "2026-03-记-0002", "2026-04-记-0001", "2026-03-记-0003"]
    with pytest.raises(Refused):
        post(book, ("1002", "debit", "1"), ("3001", "credit", "2"))
    assert post(book, ("1002", "debit", "1"), ("3001", "credit", "1")).number == "2026-03-记-0004"


def test_two_companies_have_numbers_of_their_own():
    _, one = make_books(code="A")
    _, two = make_books(code="B")
    numbers = [post(book, ("1010", "debit", "1"), ("3000", "credit", "1")).number for book in (one, two)]
    assert numbers == ["GJ-2026-00001", "GJ-2026-00001"]
    assert Book.objects.count() == 2


def test_a_company_has_one_leading_book():
    company, _ = make_books()
    with refused("UNIQUE", "company"):
        setup_books(company=company, chart_code="us", code="other")
    with refused("INVALID", "chart_code"):
        setup_books(company=company, chart_code="nowhere", code="other", leading=False)


def test_explain_names_the_row_that_chose_the_account():
    _, book = make_books()
    choice = explain_account(book=book, purpose="revenue")
    assert (choice.account.code, choice.why) == ("4000", "revenue: the row that holds for everything")
