"""Two accounts that wait for paper: goods shipped and not invoiced, goods received and not billed.

Both keep a small pool of value and quantity per document line (the order's, the receipt's). The
side on which goods move holds what was shipped or received, net, because a return is booked in red
on the same side; the other side holds what was invoiced or billed. A part takes its share of what
is left and the last part takes the rest, so a line that is done leaves exactly nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum
from tessera.api import part_of

from modules.erp.finance.models import Book, Control, EntryLine, Invoice, InvoiceLine, Side
from modules.erp.finance.services import rows
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.posting import PostingLine

ZERO = Decimal(0)
CLEARED = "cleared"
MOVED_ON = {Control.SHIPPED_NOT_INVOICED: Side.DEBIT, Control.RECEIVED_NOT_BILLED: Side.CREDIT}


@dataclass
class Pool:
    """What waits on one document line; `returned` is the part of `moved` that came back, `cleared` that of `papered` given up."""

    moved: Decimal = ZERO
    moved_value: Decimal = ZERO
    returned: Decimal = ZERO
    papered: Decimal = ZERO
    papered_value: Decimal = ZERO
    cleared: Decimal = ZERO

    @property
    def quantity(self) -> Decimal:
        """Return what waits; negative where more was papered than is out."""
        return self.moved - self.papered

    @property
    def value(self) -> Decimal:
        """Return what waits is worth."""
        return self.moved_value - self.papered_value

    def move(self, quantity: Decimal, value: Decimal) -> None:
        """Add goods that moved, or came back (negative)."""
        self.moved += quantity
        self.moved_value += value
        self.returned -= min(quantity, ZERO)

    def take(self, quantity: Decimal, decimals: int) -> Decimal:
        """Paper `quantity` (negative: give back) and return its value."""
        value = self._worth(quantity, decimals)
        self.papered += quantity
        self.papered_value += value
        return value

    def _worth(self, quantity: Decimal, decimals: int) -> Decimal:
        if quantity * self.quantity > 0:
            here = quantity if abs(quantity) <= abs(self.quantity) else self.quantity
            rest = quantity - here
            value = part_of(self.value, here, self.quantity, ZERO, decimals)
        else:
            rest, value = quantity, ZERO
        if rest and self.papered:
            left = self.papered_value + value
            value += part_of(left, rest, self.papered + (quantity - rest), ZERO, decimals)
        return value


def pools_of(book: Book, control: str, lines: Iterable[UUID]) -> dict[UUID, Pool]:
    """Lock document lines and return the pool of each, from the entries of the book, those of this unit included."""
    wanted = {line for line in lines if line}
    if not wanted:
        return {}
    rows.hold_lines(wanted)
    pools = {line: Pool() for line in wanted}
    sums = (
        EntryLine.objects.filter(account__book=book, account__control=control, source_line__in=wanted)
        .values("source_line", "side")
        .annotate(
            q=Sum("quantity"),
            v=Sum("amount"),
            back=Sum("quantity", filter=Q(quantity__lt=0)),
            gone=Sum("quantity", filter=Q(purpose=CLEARED)),
        )
    )
    for row in sums:
        pool = pools[row["source_line"]]
        if row["side"] == MOVED_ON[Control(control)]:
            pool.moved, pool.moved_value, pool.returned = row["q"], row["v"], -(row["back"] or ZERO)
        else:
            pool.papered, pool.papered_value, pool.cleared = row["q"], row["v"], row["gone"] or ZERO
    return pools


def invoiced_of(lines: Iterable[UUID], also: UUID | None = None) -> dict[UUID, tuple[Decimal, Decimal]]:
    """Return (invoiced, credited) base quantities per order line: of posted invoices, and of the one being posted.

    An invoice that was reversed as a mistake counts as never made.
    """
    standing = Q(document__state=Invoice.State.POSTED) & ~Q(document__corrects__state=Invoice.State.REVERSED)
    if also is not None:
        standing |= Q(document=also)
    sums = (
        InvoiceLine.objects.filter(standing, source_line__in=set(lines))
        .values("source_line")
        .annotate(
            invoiced=Sum("base_quantity", filter=~Q(document__kind=Invoice.Kind.CREDIT_NOTE)),
            credited=Sum("base_quantity", filter=Q(document__kind=Invoice.Kind.CREDIT_NOTE)),
        )
    )
    return {row["source_line"]: (row["invoiced"] or ZERO, -(row["credited"] or ZERO)) for row in sums}


def cost_lines(
    finder: AccountFinder,
    pools: dict[UUID, Pool],
    invoiced: dict[UUID, tuple[Decimal, Decimal]],
    items: dict[UUID, Any],
    decimals: int,
) -> list[PostingLine]:
    """Return the lines that bring the cost of goods sold to what was shipped and invoiced, per order line.

    `items` says of which item a line is: anything with `item`, `item_category`, `dimension_set`. Goods
    that came back cost nothing from then on, those that had left before the books as well; a credit
    without goods leaves their cost.
    """
    made: list[PostingLine] = []
    for line in sorted(pools, key=str):
        pool = pools[line]
        billed, credited = invoiced.get(line, (ZERO, ZERO))
        target = min(max(billed + pool.cleared - min(pool.returned, credited), ZERO), pool.moved)
        quantity = target - pool.papered
        if not quantity:
            continue
        value = pool.take(quantity, decimals)
        made += _cost_pair(finder, line, items[line], quantity, value)
    return made


def _cost_pair(finder: AccountFinder, line: UUID, what: Any, quantity: Decimal, value: Decimal) -> Sequence[PostingLine]:
    keys = {"item": what.item, "item_category": what.item_category}
    given = {"item": what.item, "quantity": quantity, "source_line": line, "dimension_set": what.dimension_set, "amount": value}
    return (
        PostingLine(account=finder.account("cogs", **keys), side=Side.DEBIT, purpose="cogs", **given),
        PostingLine(
            account=finder.account("shipped_not_invoiced", **keys), side=Side.CREDIT, purpose="shipped_not_invoiced", **given
        ),
    )
