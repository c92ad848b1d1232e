"""Questions that parts ask each other, the shapes in which facts travel between them, and what base itself answers.

The questions are declared here because everyone may import base; like a Protocol they have no body.
Quantities are in the item's base unit, amounts in the currency that the field names.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from tessera.api import org_reach, port, reach_depends_on, units_within

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Goods that a confirmed document wants delivered: one row per line, told to whoever keeps stock."""

    kind: str
    document: UUID
    line: UUID
    company: UUID
    party: UUID
    item: UUID
    base_quantity: Decimal
    over_tolerance: Decimal = ZERO
    under_tolerance: Decimal = ZERO
    requested_date: date | None = None
    position: int = 0
    ship_to: UUID | None = None
    number: str = ""
    drop_ship: bool = False


@dataclass(frozen=True, kw_only=True)
class MoveValued:
    """A stock move as the ledger needs it; `value` is in company currency and never negative.

    `source_kind` and `target_kind` are kinds of location; the pair decides the posting.
    `demand_line` is the order line it fulfils (or, for a return, had fulfilled), `receipt_line`
    the line of the receipt it came in by, `returns` the move that it takes back. `supplier` is who
    sent it where that is not the `party` (drop-ship).
    """

    move: UUID
    company: UUID
    item: UUID
    item_category: UUID | None
    warehouse: UUID | None
    source_kind: str
    target_kind: str
    base_quantity: Decimal
    value: Decimal
    posting_date: date
    party: UUID | None = None
    supplier: UUID | None = None
    demand_document: UUID | None = None
    demand_line: UUID | None = None
    receipt_line: UUID | None = None
    returns: UUID | None = None
    dimension_set: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class GoodsMoved:
    """What moved for one document line in all, less what came back: from a supplier, or to a customer.

    `line` is the receipt's (`received`) or the order's; `value` is what the moves were worth, in
    company currency and without later differences of cost.
    """

    received: bool
    document: UUID
    line: UUID
    item: UUID
    party: UUID | None
    base_quantity: Decimal
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class BillableTax:
    """A tax of a billable line: its part of what the order says, at the rate of the order's day."""

    tax: UUID
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class BillableLine:
    """What may be invoiced of an order line now; amounts are parts of the line's, in the document's currency."""

    kind: str
    document: UUID
    line: UUID
    line_kind: str
    item: UUID | None
    description: str
    base_quantity: Decimal
    unit: UUID | None
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    net: Decimal
    taxes: tuple[BillableTax, ...] = ()
    dimension_set: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Billable:
    """The header and lines from which an invoice can be made."""

    kind: str
    document: UUID
    number: str
    company: UUID
    party: UUID
    bill_to: UUID | None
    currency: str
    rate: Decimal
    price_includes_tax: bool
    payment_term: UUID | None
    owner: UUID | None
    org_unit: UUID | None
    lines: tuple[BillableLine, ...]


@dataclass(frozen=True, kw_only=True)
class ValueSplit:
    """How a later cost difference falls on goods still on hand and goods that have left."""

    on_hand: Decimal
    gone: Decimal


@port(owner="stock", neutral=lambda **_: None)
def available_quantity(*, item: UUID, company: UUID, warehouse: UUID | None = None) -> Decimal | None:
    """Return what is on hand and not reserved, or None when nobody keeps stock."""
    ...


@port(owner="stock", neutral=lambda **_: None)
def reserved_quantities(*, lines: list[UUID]) -> dict[UUID, Decimal] | None:
    """Return the hard reserved quantity per demand line, or None when nobody keeps stock."""
    ...


@port(owner="stock", neutral=lambda **_: None)
def stock_values(*, company: UUID) -> dict[UUID, Decimal] | None:
    """Return the value of the stock per item in company currency, or None when nobody keeps stock."""
    ...


@port(owner="stock", neutral=lambda **_: None)
def apply_cost_difference(*, receipt_line: UUID, amount: Decimal, reason: str, effective_date: date) -> ValueSplit | None:
    """Add a later difference to the cost of a receipt line and say where it fell."""
    ...


@port(owner="stock", neutral=lambda **_: [])
def goods_moved(*, company: UUID) -> list[GoodsMoved]:
    """Return what moved from suppliers and to customers per document line, for books that are switched on late."""
    ...


@port(owner="stock", neutral=lambda **_: {})
def expected_quantities(*, lines: list[UUID]) -> dict[UUID, Decimal]:
    """Return the base quantity of lines of receipts, received or not; those that nobody knows are missing."""
    ...


@port(owner="stock", neutral=lambda **_: False)
def item_has_moved(*, item: UUID) -> bool:
    """Say whether goods of an item ever moved: then what its quantities mean is settled."""
    ...


@port(owner="finance", neutral=lambda **_: ZERO)
def open_receivables(*, party: UUID, company: UUID) -> Decimal:
    """Return what the party owes in company currency: open items less advances and credits."""
    ...


@port(owner="finance", neutral=lambda **_: None)
def is_period_open(*, company: UUID, on: date, area: str) -> bool | None:
    """Say whether `area` (sales, purchase, stock, ledger) may still be posted to on a day, None without books."""
    ...


@port(owner="orders", neutral=lambda **_: None)
def billable(*, document: UUID) -> Billable | None:
    """Return what may be invoiced of an order now, or None when it is unknown or orders are off."""
    ...


@port(owner="orders", neutral=lambda **_: [])
def billable_documents(*, company: UUID) -> list[UUID]:
    """Return the orders of a company that may still be invoiced."""
    ...


@port(owner="orders", neutral=lambda **_: ZERO)
def unbilled_orders(*, party: UUID, company: UUID) -> Decimal:
    """Return the gross of confirmed and not yet invoiced order lines in company currency."""
    ...


@port(owner="orders", neutral=lambda **_: [])
def open_demands(*, company: UUID) -> list[Demand]:
    """Return what confirmed documents of a company still want delivered, oldest first, for stock that is switched on late."""
    ...


reach_depends_on("base.OrgUnit", "base.Assignment", "base.MemberPerson")


@org_reach.answer
def reach_of_member(*, member: UUID, on: date) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Look at where the member's person works on that day."""
    from modules.base.services import organisation  # the models ask questions of this file

    return organisation.reach_of_member(member=member, on=on)


@units_within.answer
def units_of(*, unit: UUID | None, company: UUID | None) -> frozenset[UUID]:
    """Look at the tree of units."""
    from modules.base.services import organisation

    return organisation.units_of(unit=unit, company=company)
