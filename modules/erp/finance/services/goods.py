"""Goods that moved, as the ledger sees them: where from and where to decide the accounts."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

from tessera.api import minor_units, part_of, service

from modules.base.api import Company, MoveValued, apply_cost_difference
from modules.erp.finance.models import Control, Entry, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.interim import cost_lines, invoiced_of, pools_of
from modules.erp.finance.services.posting import PostingLine, has_entry, journal_of, write_entry

ZERO = Decimal(0)
# What stands for the goods at either end; every kind of location that is not named is our own stock.
PURPOSE = {
    "supplier": "received_not_billed",
    "customer": "shipped_not_invoiced",
    "production": "work_in_progress",
    "loss": "stock_difference",
    "opening": "opening_equity",
}
# Ways that take another one back: booked in red on the sides of the way that they take back.
BACK = {("customer", "stock"), ("stock", "supplier"), ("customer", "supplier"), ("stock", "opening")}


@service()
def book_moves(
    *, company: UUID, document_kind: str, document: UUID, posting_date: date, number: str, moves: list[MoveValued]
) -> Entry | None:
    """Book the moves of one stock document in one entry; None where they change no value, or are booked already.

    Goods that were invoiced before they left get their cost here; goods that come back lose it. Goods that
    were billed before they came take what the bill differs by here.
    """
    journal = journal_of(company, "stock")
    book = journal.book
    if has_entry(book=book.pk, source_kind=document_kind, source_id=document, purpose="moves"):
        return None
    finder = AccountFinder(book)
    ends = {_end(kind) for move in moves for kind in (move.source_kind, move.target_kind)}
    finder.load((*(PURPOSE.get(end, "stock") for end in ends), "cogs"), (move.item for move in moves))
    at_delivery = Company.objects.get(pk=company).cogs_at == Company.CogsAt.DELIVERY
    lines = [line for move in moves for line in _lines_of(finder, move, at_delivery)]
    if not at_delivery:
        lines += _costs(finder, moves, lines)
    lines += _billed_before(finder, moves, posting_date, number)
    if not lines:
        return None
    on = max(posting_date, book.cut_over) if book.cut_over else posting_date
    entry, _lines = write_entry(
        journal=journal,
        posting_date=on,
        lines=lines,
        source_kind=document_kind,
        source_id=document,
        purpose="moves",
        document_date=posting_date,
        summary=number,
    )
    return entry


def _end(kind: str) -> str:
    return kind if kind in PURPOSE else "stock"


def _lines_of(finder: AccountFinder, move: MoveValued, at_delivery: bool) -> list[PostingLine]:
    """Return the two lines of a move: debit where it came to, credit where it came from."""
    ends = (_end(move.source_kind), _end(move.target_kind))
    if ends == ("stock", "stock"):
        return []
    red = ends in BACK or (move.returns is not None and "stock" in ends and "production" in ends)
    source, target = reversed(ends) if red else ends
    sign = -1 if red else 1
    return [
        _line(finder, move, target, Side.DEBIT, sign, at_delivery),
        _line(finder, move, source, Side.CREDIT, sign, at_delivery),
    ]


def _line(finder: AccountFinder, move: MoveValued, end: str, side: str, sign: int, at_delivery: bool) -> PostingLine:
    purpose = PURPOSE.get(end, "stock")
    if purpose == "shipped_not_invoiced" and at_delivery:
        purpose = "cogs"
    waits_for = {"customer": move.demand_line, "supplier": move.receipt_line}.get(end)
    row = finder.choose(purpose, item=move.item, item_category=move.item_category, warehouse=move.warehouse)
    return PostingLine(
        account=row.account,
        side=side,
        amount=sign * move.value,
        purpose=purpose,
        party={"customer": move.party, "supplier": move.supplier or move.party}.get(end),
        item=move.item,
        quantity=sign * move.base_quantity,
        dimension_set=move.dimension_set,
        source_line=waits_for,
    )


def _costs(finder: AccountFinder, moves: Sequence[MoveValued], lines: Sequence[PostingLine]) -> list[PostingLine]:
    items = {
        move.demand_line: SimpleNamespace(item=move.item, item_category=move.item_category, dimension_set=move.dimension_set)
        for move in moves
        if move.demand_line and "customer" in (move.source_kind, move.target_kind)
    }
    if not items:
        return []
    pools = pools_of(finder.book, Control.SHIPPED_NOT_INVOICED, items)
    for line in lines:
        if line.purpose == "shipped_not_invoiced" and line.source_line in pools:
            pools[line.source_line].move(line.quantity, line.amount)  # type: ignore[index, arg-type]
    return cost_lines(finder, pools, invoiced_of(items), items, minor_units(finder.book.currency))


def _billed_before(finder: AccountFinder, moves: Sequence[MoveValued], on: date, number: str) -> list[PostingLine]:
    """Return the lines that bring goods to the price of a bill that came before them, here and where they have gone."""
    came = {move.receipt_line: move for move in moves if move.receipt_line and move.source_kind == "supplier"}
    if not came:
        return []
    made: list[PostingLine] = []
    for line, pool in pools_of(finder.book, Control.RECEIVED_NOT_BILLED, came).items():
        move = came[line]
        quantity = min(pool.papered, move.base_quantity)
        if quantity <= 0:
            continue
        decimals = minor_units(finder.book.currency)
        billed = part_of(pool.papered_value, quantity, pool.papered, ZERO, decimals)
        difference = billed - part_of(move.value, quantity, move.base_quantity, ZERO, decimals)
        if difference:
            keys = {"item": move.item, "item_category": move.item_category}
            made += difference_lines(finder, line, difference, number or "bill", on, **keys)
            made.append(
                PostingLine(
                    account=finder.account("received_not_billed", **keys),
                    side=Side.CREDIT,
                    amount=difference,
                    purpose="received_not_billed",
                    party=move.supplier or move.party,
                    item=move.item,
                    quantity=ZERO,
                    source_line=line,
                )
            )
    return made


def difference_lines(
    finder: AccountFinder,
    receipt_line: UUID,
    difference: Decimal,
    reason: str,
    on: date,
    *,
    item: UUID | None,
    item_category: UUID | None,
) -> list[PostingLine]:
    """Let stock take what a bill differs by; return its lines: goods here, goods gone, or a variance where nobody keeps stock."""
    split = apply_cost_difference(receipt_line=receipt_line, amount=difference, reason=reason, effective_date=on)
    if split is not None:
        return split_lines(finder, on_hand=split.on_hand, gone=split.gone, item=item, item_category=item_category)
    return [
        PostingLine(
            account=finder.account("price_variance", item=item, item_category=item_category),
            side=Side.DEBIT,
            amount=difference,
            purpose="price_variance",
            item=item,
            quantity=ZERO,
            source_line=receipt_line,
        )
    ]


@service()
def book_adjustment(
    *,
    company: UUID,
    adjustment: UUID,
    item: UUID,
    item_category: UUID | None,
    on_hand: Decimal,
    gone: Decimal,
    on: date,
    reason: str,
) -> Entry:
    """Book a later difference of cost that was not told by a bill: freight, duty, a correction by hand.

    Goods that had left at a provisional cost add nothing: what they cost more comes off the stock.
    """
    journal = journal_of(company, "stock")
    finder = AccountFinder(journal.book)
    lines = split_lines(finder, on_hand=on_hand, gone=gone, item=item, item_category=item_category)
    if total := on_hand + gone:
        account = finder.account("cost_adjustment", item=item, item_category=item_category)
        lines.append(PostingLine(account=account, side=Side.CREDIT, amount=total, purpose="cost_adjustment"))
    entry, _lines = write_entry(
        journal=journal,
        posting_date=on,
        lines=lines,
        source_kind="stock.ValueAdjustment",
        source_id=adjustment,
        purpose="adjustment",
        summary=reason,
    )
    return entry


def split_lines(
    finder: AccountFinder, *, on_hand: Decimal, gone: Decimal, item: UUID | None, item_category: UUID | None
) -> list[PostingLine]:
    """Return the lines of a difference of cost: stock for what is here, cost of goods sold for what has left."""
    keys = {"item": item, "item_category": item_category}
    made = []
    for purpose, amount in (("stock", on_hand), ("cogs", gone)):
        if amount:
            made.append(
                PostingLine(
                    account=finder.account(purpose, **keys),
                    side=Side.DEBIT,
                    amount=amount,
                    purpose=purpose,
                    item=item,
                    quantity=Decimal(0),
                )
            )
    return made
