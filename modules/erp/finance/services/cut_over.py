"""Switching finance on late, off, and on again: the ledger catches up with what stock is worth."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, Count, F, Sum, When
from django.utils.translation import gettext as _
from tessera.api import Refused, service

from modules.base.api import Company, Item, stock_values
from modules.erp.finance.charts import chart, chart_for
from modules.erp.finance.models import Account, Book, Control, Entry, EntryLine, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry
from modules.erp.finance.services.setup import leading_book_or_none, setup_books, today_of

ZERO = Decimal(0)


@service()
def cut_over() -> None:
    """Open missing books, and bring each company's stock accounts to what its stock is worth."""
    for company in Company.objects.order_by("code"):
        if leading_book_or_none(company) is None:
            book = setup_books(company=company, chart_code=chart_for(company.country))
            book.cut_over = today_of(company)
            book.save()
        catch_up(company=company)


@service(permission="finance.closing_run")
def catch_up(*, company: Company) -> Entry | None:
    """Book the gap between the stock accounts and the value of the stock, against opening equity, in one entry.

    The first time that is the opening entry: moves before it are not booked. After a time without
    finance it is everything that moved meanwhile. None where there is no gap or nobody keeps stock.
    """
    worth = stock_values(company=company.pk)
    if worth is None:
        return None
    journal = journal_of(company.pk, "stock")
    book, on = journal.book, today_of(company)
    first = not EntryLine.objects.filter(account__book=book).exists()
    before = Entry.objects.filter(book=book, source_id=book.pk, purpose__startswith="cut-over").count()
    lines = _gap_lines(book, worth)
    if not lines:
        return None
    entry, _lines = write_entry(
        journal=journal,
        posting_date=on,
        lines=lines,
        source_kind=Book._meta.label,
        source_id=book.pk,
        purpose=f"cut-over {before + 1}",
        kind=Entry.Kind.OPENING if first else Entry.Kind.ADJUSTING,
        summary=str(_("Opening stock") if first else _("Stock that moved while no books were kept")),
    )
    return entry


def _gap_lines(book: Book, worth: dict[UUID, Decimal]) -> list[PostingLine]:
    """Return one line per stock account that differs, and the balance on opening equity."""
    finder = AccountFinder(book)
    categories = dict(Item.objects.filter(pk__in=worth).values_list("pk", "category_id"))
    accounts: dict[UUID, Account] = {}
    wanted: dict[UUID, Decimal] = {}
    for item, value in worth.items():
        account = finder.account("stock", item=item, item_category=categories.get(item))
        accounts[account.pk] = account
        wanted[account.pk] = wanted.get(account.pk, ZERO) + value
    for line in stock_lines_of(book):
        accounts.setdefault(line.account_id, line.account)
    made = []
    for key, account in accounts.items():
        gap = wanted.get(key, ZERO) - balance_of(account.pk)
        if gap:
            quantity = ZERO if account.requires_quantity else None
            made.append(PostingLine(account=account, side=Side.DEBIT, amount=gap, purpose="stock", quantity=quantity))
    total = sum((line.amount for line in made), ZERO)
    if made:
        account = finder.account("opening_equity")
        made.append(PostingLine(account=account, side=Side.CREDIT, amount=total, purpose="opening_equity"))
    return made


def stock_lines_of(book: Book) -> list[EntryLine]:
    """Return one line per stock account that was ever posted to."""
    lines = EntryLine.objects.filter(account__book=book, account__control=Control.STOCK)
    return list(lines.order_by("account_id").distinct("account_id").select_related("account"))


def balance_of(account: UUID, on: date | None = None) -> Decimal:
    """Return the debit balance of an account, up to a day; entries that this unit is about to post included."""
    signed = Case(When(side=Side.DEBIT, then=F("amount")), default=-F("amount"))
    lines = EntryLine.objects.filter(account=account)
    if on is not None:
        lines = lines.filter(entry__posting_date__lte=on)
    return lines.aggregate(sum=Sum(signed))["sum"] or ZERO


def refuse_within_retention() -> None:
    """Refuse with RETENTION while a book has entries younger than its chart's law lets go."""
    for book in Book.objects.annotate(count=Count("entries")).filter(count__gt=0).select_related("company"):
        last = book.entries.order_by("-posting_date").values_list("posting_date", flat=True)[0]
        years = chart(book.chart).retention_years
        until = last.replace(year=last.year + years, day=min(last.day, 28))
        if until > today_of(book.company):
            raise Refused(
                "RETENTION",
                _("The entries of {book} must be kept until {day}; export the archive and confirm it first.").format(
                    book=book, day=until
                ),
                "module",
            )
