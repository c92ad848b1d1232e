"""Open the books of a company from a chart, and its fiscal years."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from tessera.api import Refused, publish, service

from modules.base.api import Company
from modules.erp.finance.charts import Chart, chart
from modules.erp.finance.events import BooksOpened
from modules.erp.finance.models import Account, AccountMap, Book, BookHead, Control, FiscalPeriod, FiscalYear, Journal
from modules.erp.finance.services.digits import check_day

PARTY_CONTROLS = {Control.RECEIVABLE, Control.PAYABLE, Control.ADVANCE_RECEIVED, Control.ADVANCE_PAID}


def today_of(company: Company) -> date:
    """Return the business date of now in a company's time zone."""
    return datetime.now(ZoneInfo(company.time_zone)).date()


@service(permission="finance.account_book_create")
def setup_books(
    *, company: Company, chart_code: str, fiscal_year_start: date | None = None, code: str = "main", leading: bool = True
) -> Book:
    """Open a book for a company: accounts, journals and map from a chart, and the first two fiscal years.

    `fiscal_year_start` is the first day of the fiscal year in force; 1 January without one.
    """
    try:
        plan = chart(chart_code)
    except LookupError:
        raise Refused("INVALID", _("There is no chart of accounts {code}.").format(code=chart_code), "chart_code") from None
    if leading and leading_book_or_none(company) is not None:
        raise Refused("UNIQUE", _("This company has a leading book already."), "company")
    book = Book(company=company, code=code, name=plan.name, currency=company.currency, chart=plan.code, leading=leading)
    book.save()
    BookHead(book=book).save()
    _add_accounts(book, plan)
    if not FiscalYear.objects.filter(company=company).exists():
        start = _first_day(fiscal_year_start or today_of(company).replace(month=1, day=1), "fiscal_year_start")
        open_fiscal_year(company=company, start=start)
        open_fiscal_year(company=company, start=next_year(start))
    publish(BooksOpened(subject=book.pk, company=company.pk), book=book)
    return book


def _add_accounts(book: Book, plan: Chart) -> None:
    """Add accounts (each after its heading), journals and map of a chart."""
    made: dict[str, Account] = {}
    controls = set(Control.values) - {""}
    for row in plan.accounts:
        control = next((mark for mark in row.marks if mark in controls), "")
        made[row.code] = Account(
            book=book,
            parent=made.get(row.parent),
            code=row.code,
            name=row.name,
            type=row.type,
            control=control,
            group="group" in row.marks,
            cash="cash" in row.marks,
            requires_party="party" in row.marks or control in PARTY_CONTROLS,
            requires_quantity="quantity" in row.marks,
        )
    Account.objects.bulk_create(made.values())
    Journal.objects.bulk_create(
        Journal(
            book=book,
            code=row.code,
            name=row.name,
            area=row.area,
            word=row.word,
            series=plan.series,
            pattern=plan.pattern.replace("{word}", row.word),
        )
        for row in plan.journals
    )
    AccountMap.objects.bulk_create(
        AccountMap(book=book, purpose=purpose, account=made[code]) for purpose, code in plan.map.items()
    )


def next_year(start: date) -> date:
    """Return the first day of the fiscal year after the one that begins on `start`."""
    return start.replace(year=start.year + 1)


def _first_day(start: date, field: str) -> date:
    if check_day(start, field).day != 1:
        raise Refused("INVALID", _("A fiscal year begins on the first day of a month."), field)
    return start


@service(permission="finance.fiscal_year_create")
def open_fiscal_year(*, company: Company, start: date) -> FiscalYear:
    """Open a fiscal year of twelve months and a thirteenth period for adjustments on its last day."""
    _first_day(start, "start")
    end = next_year(start) - timedelta(days=1)
    code = str(start.year) if start.month == 1 else f"{start.year}/{end.year}"
    year = FiscalYear(company=company, code=code, start=start, end=end)
    year.save()
    periods, first = [], start
    for number in range(1, 13):
        last = first.replace(day=monthrange(first.year, first.month)[1])
        periods.append(FiscalPeriod(company=company, year=year, number=number, start=first, end=last))
        first = last + timedelta(days=1)
    periods.append(FiscalPeriod(company=company, year=year, number=13, start=end, end=end, adjusting=True))
    FiscalPeriod.objects.bulk_create(periods)
    return year


def leading_book_or_none(company: Company) -> Book | None:
    """Return the book that documents of a company post to, or None before its books are opened."""
    return Book.objects.filter(company=company, leading=True).select_related("company").first()


def leading_book(company: Company) -> Book:
    """Return the book that documents of a company post to; refuse with NO_BOOK before it is opened."""
    found = leading_book_or_none(company)
    if found is None:
        raise Refused("NO_BOOK", _("The books of this company are not opened yet."), "company")
    return found
