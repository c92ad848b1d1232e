"""Goods go out: picked from what is reserved, or sent straight by the supplier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Link, Refused, line_net, link_many, lock_for_update, publish, service
from tessera.api import demand as demand_right

from modules.base.api import Party, standing_for
from modules.scm.stock.events import DeliveryDone
from modules.scm.stock.models import (
    Delivery,
    DeliveryLine,
    LocationKind,
    StockDemand,
)
from modules.scm.stock.services.backorders import serve_backorders
from modules.scm.stock.services.documents import begin, cancel, check_quantity, locked, make_done, make_ready, post
from modules.scm.stock.services.ledger import MoveDraft
from modules.scm.stock.services.picking import DeliveryLineInput, Pick, Planner, demands_of, pick_for
from modules.scm.stock.services.places import outside
from modules.scm.stock.services.rows import write_columns

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class DropShipLineInput:
    """How much of a drop-ship line the supplier sends, and what one base unit of it costs in company currency."""

    line: UUID
    unit_cost: Decimal
    quantity: Decimal | None = None


@service(permission="stock.delivery_create")
def create_delivery_for(
    *, document: UUID, lines: list[DeliveryLineInput] | None = None, document_date: date | None = None, note: str = ""
) -> Delivery:
    """Draft a delivery for a document: what is reserved and open, or just the given lines and quantities."""
    demands, picks = pick_for(document, lines)
    delivery, _lines = _write(demands, picks, document_date, note)
    return delivery


@service(permission="stock.delivery_create")
def create_drop_shipment(
    *, document: UUID, lines: list[DropShipLineInput], supplier: Party | None = None, note: str = ""
) -> Delivery:
    """Draft a delivery that the supplier sends to the customer: no warehouse, no reservation, at a given cost."""
    demands = demands_of(document, drop_ship=True)
    planner = Planner(demands)
    by_line = {row.line: row for row in demands}
    picks = []
    for place, given in enumerate(lines):
        demand = by_line.get(given.line)
        if demand is None:
            raise Refused("NOT_FOUND", _("This line is not one of the document's drop-ship lines."), "lines", str(place), "line")
        quantity = planner.open[demand.pk] if given.quantity is None else given.quantity
        check_quantity(quantity, "lines", str(place), "quantity")
        planner.count(demand, quantity, "lines", str(place), "quantity")
        if not given.unit_cost.is_finite() or given.unit_cost < 0:
            raise Refused("INVALID", _("A unit cost is not negative."), "lines", str(place), "unit_cost")
        picks.append(Pick(demand, None, None, quantity, given.unit_cost))
    if not picks:
        raise Refused("REQUIRED", _("A delivery has lines."), "lines")
    delivery, _lines = _write(demands, picks, None, note, drop_ship=True, supplier=standing_for(supplier) if supplier else None)
    return delivery


def _write(
    demands: Sequence[StockDemand], picks: Sequence[Pick], document_date: date | None, note: str, **values: Any
) -> tuple[Delivery, list[DeliveryLine]]:
    first = demands[0]
    delivery = begin(
        Delivery, first.company, party=first.party, ship_to_id=first.ship_to_id, reference=first.number, note=note, **values
    )
    if document_date:
        delivery.document_date = document_date
    delivery.save()
    lines = DeliveryLine.objects.bulk_create(
        DeliveryLine(
            document=delivery,
            position=place,
            demand=pick.demand,
            item=pick.demand.item,
            description=pick.demand.item.name,
            quantity=pick.quantity,
            unit_id=pick.demand.item.unit_id,
            base_quantity=pick.quantity,
            unit_price=pick.unit_cost,
            net=line_net(pick.quantity, pick.unit_cost, ZERO, delivery.currency),
            location=pick.location,
            lot_id=pick.lot,
        )
        for place, pick in enumerate(picks, start=1)
    )
    return delivery, lines


@service(permission="stock.delivery_update")
def ready_delivery(*, delivery: Delivery) -> Delivery:
    """Release a delivery for picking; it gets its number."""
    return make_ready(locked(delivery))


@service(permission="stock.delivery_update")
def cancel_delivery(*, delivery: Delivery, reason: str = "") -> Delivery:
    """Cancel a delivery that is not done; its goods stay reserved."""
    return cancel(locked(delivery), reason)


@service(permission="stock.delivery_complete")
def complete_delivery(*, delivery: Delivery, posting_date: date | None = None) -> Delivery:
    """Let goods leave: moves, costs, links and the books in one transaction, never more than is there or was ordered."""
    delivery = make_done(locked(delivery), posting_date)
    lines = list(delivery.lines.select_related("item", "location").order_by("position"))
    demands = lock_for_update(StockDemand.objects.filter(pk__in={line.demand_id for line in lines}))
    return _let_go(delivery, lines, demands)


@service(permission="stock.delivery_complete")
def ship_document(
    *,
    document: UUID,
    lines: list[DeliveryLineInput] | None = None,
    document_date: date | None = None,
    posting_date: date | None = None,
    note: str = "",
) -> Delivery:
    """Deliver for a document in one step: what is reserved and open, or just the given lines and quantities.

    The delivery is drafted, released and done at once, for whoever may do each of it.
    """
    for right in ("stock.delivery_create", "stock.delivery_update"):
        demand_right(right)
    demands, picks = pick_for(document, lines)
    delivery, made = _write(demands, picks, document_date, note)
    make_done(make_ready(delivery), posting_date)
    return _let_go(delivery, made, demands)


def _let_go(delivery: Delivery, lines: Sequence[DeliveryLine], locked_demands: Sequence[StockDemand]) -> Delivery:
    """Post what a delivery takes; the demands of its lines are locked."""
    demands = {row.pk: row for row in locked_demands}
    link_many([_link(delivery, line, demands[line.demand_id]) for line in lines])
    for line in lines:
        demands[line.demand_id].fulfilled += line.base_quantity
    write_columns(list(demands.values()), "fulfilled")
    places = outside(delivery.company_id)
    drafts = [
        MoveDraft(
            item=line.item,
            source=line.location or places[LocationKind.SUPPLIER],
            target=places[LocationKind.CUSTOMER],
            base_quantity=line.base_quantity,
            lot=line.lot_id,
            line=line,
            value=line.net if delivery.drop_ship else None,
            demand=demands[line.demand_id],
            where=("lines", str(line.position - 1), "quantity"),
        )
        for line in lines
    ]
    serve_backorders(delivery.company_id, list(demands.values()), post(delivery, drafts))
    publish(
        DeliveryDone(
            subject=delivery.pk,
            company=delivery.company_id,
            party=delivery.party_id,
            documents=sorted({demand.document for demand in demands.values()}),
        )
    )
    return delivery


def _link(delivery: Delivery, line: DeliveryLine, demand: StockDemand) -> Link:
    return Link(
        type="fulfils",
        source_kind=demand.kind,
        source_document=demand.document,
        source_line=demand.line,
        target_kind=line._meta.label,
        target_document=delivery.pk,
        target_line=line.pk,
        base_quantity=line.base_quantity,
        at_most=demand.at_most,
        where=("lines", str(line.position - 1), "quantity"),
    )
