"""Read more of stock than a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from modules.base.api import Company, GoodsMoved, Item
from modules.scm.stock.models import (
    CostPool,
    Delivery,
    DeliveryLine,
    LocationKind,
    Receipt,
    ReceiptLine,
    Reservation,
    ReservationKind,
    StockBalance,
    StockMove,
    ValueAdjustmentPart,
    Warehouse,
)

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class StockOnHand:
    """What lies in all locations of an item, in its base unit; `available` can still be set aside."""

    item: UUID
    code: str
    name: str
    on_hand: Decimal
    reserved: Decimal
    on_hold: Decimal
    available: Decimal


@dataclass(frozen=True, kw_only=True)
class StockValue:
    """What the stock of an item is worth in company currency."""

    item: UUID
    code: str
    name: str
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class GoodsShipped:
    """A move of a document's goods: to the customer, or back. `value` includes later differences, and is negative for a return."""

    move: UUID
    delivery: UUID
    line: UUID
    item: UUID
    quantity: Decimal
    value: Decimal
    posting_date: date


def available(*, item: UUID, company: UUID, warehouse: UUID | None = None) -> Decimal:
    """Return what lies in storage and is not reserved."""
    rows = StockBalance.objects.filter(
        company=company, item=item, owner=None, location__kind=LocationKind.STORAGE, location__active=True
    )
    if warehouse is not None:
        rows = rows.filter(location__warehouse=warehouse)
    return rows.aggregate(sum=Sum(F("on_hand") - F("hard_reserved")))["sum"] or ZERO


def has_moved(item: UUID) -> bool:
    """Say whether goods of an item ever moved, in any company."""
    return StockMove.objects.filter(item=item).exists()


def reserved_by_line(lines: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Return the hard reserved quantity per demand line, zero included."""
    wanted = list(lines)
    rows = Reservation.objects.filter(demand__line__in=wanted, kind=ReservationKind.HARD)
    found = {row["demand__line"]: row["sum"] for row in rows.values("demand__line").annotate(sum=Sum("base_quantity"))}
    return {line: found.get(line, ZERO) for line in wanted}


def values_by_item(company: UUID) -> dict[UUID, Decimal]:
    """Return the value of the stock per item, in company currency."""
    rows = CostPool.objects.filter(company=company).values("item").annotate(sum=Sum("value"))
    return {row["item"]: row["sum"] for row in rows}


def expected_of(lines: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Return the base quantity of lines that bring goods from a supplier, into stock or straight to a customer."""
    wanted = list(lines)
    found = dict(ReceiptLine.objects.filter(pk__in=wanted).values_list("pk", "base_quantity"))
    return found | dict(DeliveryLine.objects.filter(pk__in=wanted, document__drop_ship=True).values_list("pk", "base_quantity"))


def goods_moved(company: UUID) -> list[GoodsMoved]:
    """Return the sums of a company's own moves from suppliers per line, and to customers per demanded line, less returns."""
    moves = StockMove.objects.filter(company=company, owner=None)
    return [*_received(moves.filter(source__kind=LocationKind.SUPPLIER)), *_shipped(moves)]


def _received(moves: QuerySet) -> Iterator[GoodsMoved]:
    rows = list(
        moves.values("document", "line", "item").annotate(quantity=Sum("base_quantity"), worth=Sum("value")).order_by("line")
    )
    documents = {row["document"] for row in rows}
    parties = dict(Receipt.objects.filter(pk__in=documents).values_list("pk", "party"))
    parties |= dict(Delivery.objects.filter(pk__in=documents).values_list("pk", "supplier"))
    for row in rows:
        yield GoodsMoved(
            received=True,
            document=row["document"],
            line=row["line"],
            item=row["item"],
            party=parties[row["document"]],
            base_quantity=row["quantity"],
            value=row["worth"],
        )


def _shipped(moves: QuerySet) -> Iterator[GoodsMoved]:
    out = moves.filter(target__kind=LocationKind.CUSTOMER)
    back = moves.filter(source__kind=LocationKind.CUSTOMER)
    sums: dict[UUID, list[Decimal]] = {}
    for rows, line, sign in ((out, "line", 1), (back, "returns_move__line", -1)):
        for key, quantity, worth in rows.values_list(line).annotate(q=Sum("base_quantity"), v=Sum("value")):
            held = sums.setdefault(key, [ZERO, ZERO])
            held[0], held[1] = held[0] + sign * quantity, held[1] + sign * worth
    demanded: dict[UUID, tuple[Any, list[Decimal]]] = {}
    for line in DeliveryLine.objects.filter(pk__in=list(sums)).select_related("demand").order_by("demand_id", "id"):
        _demand, held = demanded.setdefault(line.demand_id, (line.demand, [ZERO, ZERO]))
        held[0], held[1] = held[0] + sums[line.pk][0], held[1] + sums[line.pk][1]
    for demand, (quantity, worth) in demanded.values():
        yield GoodsMoved(
            received=False,
            document=demand.document,
            line=demand.line,
            item=demand.item_id,
            party=demand.party_id,
            base_quantity=quantity,
            value=worth,
        )


def stock_on_hand(*, company: Company, warehouse: Warehouse | None = None, item: Item | None = None) -> list[StockOnHand]:
    """Return what lies in a company's locations per item, by code; goods of others are left out."""
    rows = StockBalance.objects.filter(company=company, owner=None)
    if warehouse is not None:
        rows = rows.filter(location__warehouse=warehouse)
    if item is not None:
        rows = rows.filter(item=item)
    storage = Q(location__kind=LocationKind.STORAGE, location__active=True)
    summed = rows.values("item", "item__code", "item__name").annotate(
        total=Sum("on_hand"),
        reserved=Sum("hard_reserved"),
        hold=Sum("on_hand", filter=Q(location__kind=LocationKind.HOLD)),
        free=Sum(F("on_hand") - F("hard_reserved"), filter=storage),
    )
    return [
        StockOnHand(
            item=row["item"],
            code=row["item__code"],
            name=row["item__name"],
            on_hand=row["total"],
            reserved=row["reserved"],
            on_hold=row["hold"] or ZERO,
            available=row["free"] or ZERO,
        )
        for row in summed.order_by("item__code")
    ]


def stock_value(*, company: Company, item: Item | None = None) -> list[StockValue]:
    """Return what a company's stock is worth per item, by code."""
    rows = CostPool.objects.filter(company=company).exclude(quantity=0)
    if item is not None:
        rows = rows.filter(item=item)
    return [
        StockValue(item=row.item_id, code=row.item.code, name=row.item.name, quantity=row.quantity, value=row.value)
        for row in rows.select_related("item").order_by("item__code")
    ]


def goods_shipped(*, document: UUID) -> list[GoodsShipped]:
    """Return what was delivered for a document (an order), and what of it came back, oldest first."""
    lines = {
        row["pk"]: row["demand__line"]
        for row in DeliveryLine.objects.filter(demand__document=document).values("pk", "demand__line")
    }
    out = list(StockMove.objects.filter(line__in=list(lines)))
    back = list(StockMove.objects.filter(returns_move__in=out))
    adjusted = {
        row["move"]: row["sum"]
        for row in ValueAdjustmentPart.objects.filter(move__in=out).values("move").annotate(sum=Sum("amount"))
    }
    demand_line = {move.pk: lines[move.line] for move in out}
    found = [
        GoodsShipped(
            move=move.pk,
            delivery=move.document,
            line=demand_line[move.returns_move_id or move.pk],
            item=move.item_id,
            quantity=-move.base_quantity if move.returns_move_id else move.base_quantity,
            value=-move.value if move.returns_move_id else move.value + adjusted.get(move.pk, ZERO),
            posting_date=move.posting_date,
        )
        for move in (*out, *back)
    ]
    return sorted(found, key=lambda row: str(row.move))
