"""Switching finance on late, off, and on again: the ledger catches up with what moved."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

from django.db.models import Case, F, Sum, When
from django.utils.translation import gettext as _
from tessera.api import minor_units, service

from modules.base.api import Company, GoodsMoved, Item, billable_documents, goods_moved, stock_values
from modules.erp.finance.charts import chart_for
from modules.erp.finance.models import Account, Book, Control, Entry, EntryLine, Journal, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.interim import Pool, cost_lines, invoiced_of, pools_of
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry
from modules.erp.finance.services.setup import leading_book_or_none, setup_books, today_of

ZERO = Decimal(0)


@service()
def cut_over() -> None:
    """Open missing books, and bring the accounts of each company that mirror stock to what stock says."""
    for company in Company.objects.order_by("code"):
        if leading_book_or_none(company) is None:
            book = setup_books(company=company, chart_code=chart_for(company.country))
            book.cut_over = today_of(company)
            book.save()
        catch_up(company=company)


@service(permission="finance.closing_run")
def catch_up(*, company: Company) -> list[Entry]:
    """Bring the accounts that mirror stock to what stock says, against opening equity: one entry per kind of account.

    These are the value of the stock, what was received and is not billed, and what was shipped of orders
    that may still be invoiced. The first time they are opening entries: moves before them are not booked.
    After a time without finance they are all that moved meanwhile. None where there is no gap.
    """
    worth = stock_values(company=company.pk)
    if worth is None:
        return []
    journal = journal_of(company.pk, "stock")
    finder = AccountFinder(journal.book)
    first = not EntryLine.objects.filter(account__book=journal.book).exists()
    moved = goods_moved(company=company.pk)
    items = {*worth, *(goods.item for goods in moved)}
    categories = dict(Item.objects.filter(pk__in=items).values_list("pk", "category_id"))
    finder.load(("stock", "received_not_billed", "shipped_not_invoiced", "cogs", "opening_equity"), items)
    received = [goods for goods in moved if goods.received]
    shipped = [] if company.cogs_at == Company.CogsAt.DELIVERY else [goods for goods in moved if not goods.received]
    gaps = {
        Control.STOCK: _stock_lines(finder, worth, categories),
        Control.RECEIVED_NOT_BILLED: _received_lines(finder, received, categories),
        Control.SHIPPED_NOT_INVOICED: _shipped_lines(finder, company, shipped, categories),
    }
    return [_write_gap(journal, finder, control, lines, first) for control, lines in gaps.items() if lines]


def _write_gap(journal: Journal, finder: AccountFinder, control: Control, lines: list[PostingLine], first: bool) -> Entry:
    book = journal.book
    total = sum((line.debit for line in lines), ZERO)
    if total or len(lines) == 1:
        account = finder.account("opening_equity")
        lines.append(PostingLine(account=account, side=Side.CREDIT, amount=total, purpose="opening_equity"))
    before = Entry.objects.filter(book=book, source_id=book.pk, purpose__startswith=f"cut-over {control.value}").count()
    entry, _lines = write_entry(
        journal=journal,
        posting_date=today_of(book.company),
        lines=lines,
        source_kind=Book._meta.label,
        source_id=book.pk,
        purpose=f"cut-over {control.value} {before + 1}",
        kind=Entry.Kind.OPENING if first else Entry.Kind.ADJUSTING,
        summary=str(_("Goods of before the books") if first else _("Goods that moved while no books were kept")),
    )
    return entry


def _stock_lines(finder: AccountFinder, worth: dict[UUID, Decimal], categories: dict[UUID, UUID | None]) -> list[PostingLine]:
    """Return one line per stock account that differs from what its goods are worth."""
    accounts: dict[UUID, Account] = {}
    wanted: dict[UUID, Decimal] = {}
    for item, value in worth.items():
        account = finder.account("stock", item=item, item_category=categories.get(item))
        accounts[account.pk] = account
        wanted[account.pk] = wanted.get(account.pk, ZERO) + value
    for line in stock_lines_of(finder.book):
        accounts.setdefault(line.account_id, line.account)
    made = []
    for key, account in accounts.items():
        if gap := wanted.get(key, ZERO) - balance_of(account.pk):
            quantity = ZERO if account.requires_quantity else None
            made.append(PostingLine(account=account, side=Side.DEBIT, amount=gap, purpose="stock", quantity=quantity))
    return made


def _received_lines(
    finder: AccountFinder, received: Sequence[GoodsMoved], categories: dict[UUID, UUID | None]
) -> list[PostingLine]:
    """Return a line per receipt line of which the ledger knows less, or more, than what came."""
    pools = pools_of(finder.book, Control.RECEIVED_NOT_BILLED, (goods.line for goods in received))
    made = (_gap_line(finder, goods, pools[goods.line], categories, Side.CREDIT) for goods in received)
    return [line for line in made if line is not None]


def _shipped_lines(
    finder: AccountFinder, company: Company, shipped: Sequence[GoodsMoved], categories: dict[UUID, UUID | None]
) -> list[PostingLine]:
    """Return the lines that bring goods shipped to what orders may still be invoiced for, and their cost with it.

    Of an order that is done with, only what came back of goods that the ledger knows counts.
    """
    billable = set(billable_documents(company=company.pk))
    known = pools_of(finder.book, Control.SHIPPED_NOT_INVOICED, (goods.line for goods in shipped))
    pools: dict[UUID, Pool] = {}
    made: list[PostingLine] = []
    for goods in shipped:
        pool = known[goods.line]
        came_back = pool.moved and goods.base_quantity < pool.moved
        line = _gap_line(finder, goods, pool, categories, Side.DEBIT) if goods.document in billable or came_back else None
        if line is not None:
            made.append(line)
            pool.move(line.quantity or ZERO, line.amount)
            pools[goods.line] = pool
    what = {
        goods.line: SimpleNamespace(item=goods.item, item_category=categories.get(goods.item), dimension_set=None)
        for goods in shipped
    }
    return made + cost_lines(finder, pools, invoiced_of(pools), what, minor_units(finder.book.currency))


def _gap_line(
    finder: AccountFinder, goods: GoodsMoved, pool: Pool, categories: dict[UUID, UUID | None], side: Side
) -> PostingLine | None:
    """Return the line of what moved unseen; where no goods did, a value that differs is what a bill came to."""
    quantity = goods.base_quantity - pool.moved
    if not quantity:
        return None
    purpose = "received_not_billed" if goods.received else "shipped_not_invoiced"
    return PostingLine(
        account=finder.account(purpose, item=goods.item, item_category=categories.get(goods.item)),
        side=side,
        amount=goods.value - pool.moved_value,
        purpose=purpose,
        party=goods.party,
        item=goods.item,
        quantity=quantity,
        source_line=goods.line,
    )


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
