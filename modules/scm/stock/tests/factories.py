"""Stock for tests: opening stock, orders that want goods, and what must hold after every step."""

from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

from django.db.models import F, Sum
from tessera.api import new_id
from tessera.unit_of_work import unit_of_work

from modules.base.api import Company, Demand, Item, Party
from modules.scm.stock import handlers
from modules.scm.stock.models import (
    OWN_KINDS,
    CostLayer,
    CostPool,
    Delivery,
    Location,
    LocationKind,
    Receipt,
    Reservation,
    ReservationKind,
    StockBalance,
    StockDemand,
    StockMove,
    ValueAdjustmentPart,
)
from modules.scm.stock.services import (
    ReceiptLineInput,
    complete_delivery,
    complete_receipt,
    create_delivery_for,
    create_receipt,
    open_stock,
    ready_delivery,
    ready_receipt,
)

ORDER_LINE = "orders.SalesOrderLine"


def place(company: Company, kind: LocationKind = LocationKind.STORAGE) -> Location:
    """Return the company's first location of a kind."""
    return Location.objects.filter(company=company, kind=kind).order_by("code").first()


def put(company: Company, item: Item, quantity: str, value: str = "0", **values) -> Receipt:
    """Take over opening stock worth `value` in all."""
    each = Decimal(value) / Decimal(quantity)
    line = ReceiptLineInput(item=item, quantity=Decimal(quantity), unit_cost=each, **values)
    return open_stock(company=company, lines=[line])


def receive(
    company: Company, party: Party | None, lines: Sequence[tuple[Item, str, str]], *, posting_date=None, **values
) -> Receipt:
    """Receive (item, quantity, unit cost) lines from a supplier."""
    inputs = [ReceiptLineInput(item=i, quantity=Decimal(q), unit_cost=Decimal(c)) for i, q, c in lines]
    receipt = create_receipt(company=company, party=party, lines=inputs, **values)
    return complete_receipt(receipt=ready_receipt(receipt=receipt), posting_date=posting_date)


def demand(company: Company, party: Party, item: Item, quantity: str, *, document: UUID | None = None, **values) -> Demand:
    """Return what an order line wants."""
    return Demand(
        kind=ORDER_LINE,
        document=document or new_id(),
        line=new_id(),
        company=company.pk,
        party=party.pk,
        item=item.pk,
        base_quantity=Decimal(quantity),
        **values,
    )


def confirm(company: Company, party: Party, lines: Sequence[tuple[Item, str]], **values) -> SimpleNamespace:
    """Confirm an order for (item, quantity) lines, as orders would tell it; return its document and rows."""
    document = new_id()
    demands = [demand(company, party, item, quantity, document=document, **values) for item, quantity in lines]
    with unit_of_work():
        handlers.reserve_order(None, demands=demands)
    rows = {row.line: row for row in StockDemand.objects.filter(document=document)}
    return SimpleNamespace(document=document, demands=demands, rows=[rows[d.line] for d in demands])


def reserved(row: StockDemand) -> Decimal:
    """Return what is reserved hard for a demand."""
    rows = Reservation.objects.filter(demand=row, kind=ReservationKind.HARD)
    return rows.aggregate(sum=Sum("base_quantity"))["sum"] or Decimal(0)


def ship(document: UUID, lines=None, *, posting_date=None) -> Delivery:
    """Draft, release and complete a delivery."""
    delivery = ready_delivery(delivery=create_delivery_for(document=document, lines=lines))
    return complete_delivery(delivery=delivery, posting_date=posting_date)


def code_of(refusal) -> tuple[str, tuple[str, ...]]:
    """Return code and field of what was refused first."""
    return refusal.value.problems[0].code, refusal.value.problems[0].field


def pool_of(company: Company, item: Item) -> tuple[Decimal, Decimal]:
    """Return quantity and value of an item's pool."""
    pool = CostPool.objects.get(company=company, item=item)
    return pool.quantity, pool.value


def on_hand(company: Company, item: Item, kind: LocationKind = LocationKind.STORAGE) -> Decimal:
    """Return what lies in locations of a kind."""
    rows = StockBalance.objects.filter(company=company, item=item, location__kind=kind)
    return rows.aggregate(sum=Sum("on_hand"))["sum"] or Decimal(0)


def broken(company: Company | None = None) -> list[str]:
    """Return every invariant of stock that does not hold, over all rows (of one company)."""
    found = []
    only = {"company": company} if company else {}
    moved: dict[tuple, Decimal] = {}
    for side, sign in (("source", -1), ("target", 1)):
        rows = StockMove.objects.filter(**only, **{f"{side}__kind__in": OWN_KINDS}).values("item", side, "lot", "owner")
        for row in rows.annotate(sum=Sum("base_quantity")):
            key = (row["item"], row[side], row["lot"], row["owner"])
            moved[key] = moved.get(key, Decimal(0)) + sign * row["sum"]
    held: dict[tuple, Decimal] = {}
    for row in Reservation.objects.filter(kind=ReservationKind.HARD, **{f"demand__{key}": value for key, value in only.items()}):
        key = (row.item_id, row.location_id, row.lot_id, row.owner_id)
        held[key] = held.get(key, Decimal(0)) + row.base_quantity
    for row in StockBalance.objects.filter(**only):
        key = (row.item_id, row.location_id, row.lot_id, row.owner_id)
        if moved.pop(key, Decimal(0)) != row.on_hand:
            found.append(f"balance {key} is not the sum of its moves")
        if held.pop(key, Decimal(0)) != row.hard_reserved:
            found.append(f"reserved of {key} is not the sum of its reservations")
        if row.hard_reserved > row.on_hand:
            found.append(f"{key} is oversold")
    found += [f"moves without a balance: {key}" for key, sum_ in moved.items() if sum_]
    found += [f"reservations without a balance: {key}" for key in held]
    for pool in CostPool.objects.filter(**only):
        into = StockMove.objects.filter(pool=pool, target__kind__in=OWN_KINDS)
        out = StockMove.objects.filter(pool=pool, source__kind__in=OWN_KINDS)
        adjusted = ValueAdjustmentPart.objects.filter(pool=pool).aggregate(sum=Sum("amount"))["sum"] or 0
        for name, column, extra in (("quantity", "base_quantity", 0), ("value", "value", adjusted)):
            total = (into.aggregate(s=Sum(column))["s"] or 0) - (out.aggregate(s=Sum(column))["s"] or 0) + extra
            if getattr(pool, name) != total:
                found.append(f"pool of {pool.item_id}: {name} {getattr(pool, name)} is not {total}")
        owed = CostLayer.objects.filter(pool=pool, provisional=True).aggregate(q=Sum("quantity"), v=Sum("value"))
        lent = (-pool.quantity, -pool.value) if pool.quantity < 0 else (0, 0)
        if ((owed["q"] or 0), (owed["v"] or 0)) != lent:
            found.append(f"pool of {pool.item_id} is not below zero by its provisional layers")
        if pool.method == "fifo":
            layers = CostLayer.objects.filter(pool=pool, provisional=False).aggregate(q=Sum("quantity"), v=Sum("value"))
            if ((layers["q"] or 0) - (owed["q"] or 0), (layers["v"] or 0) - (owed["v"] or 0)) != (pool.quantity, pool.value):
                found.append(f"pool of {pool.item_id} is not the sum of its layers")
        lying = StockBalance.objects.filter(item=pool.item_id, company=pool.company_id, owner=None).aggregate(s=Sum("on_hand"))[
            "s"
        ]
        if (lying or 0) != pool.quantity:
            found.append(f"pool of {pool.item_id} is not what lies there")
    over = (
        StockDemand.objects.filter(**only)
        .annotate(held=Sum("reservations__base_quantity"))
        .filter(held__gt=F("base_quantity") - F("cancelled_quantity") - F("fulfilled"))
    )
    found += [f"demand {row.line} has more reserved than is open" for row in over]
    return found
