"""Goods come in: from suppliers, as opening stock, and back from customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from django.utils.translation import gettext as _
from tessera.api import Link, Refused, line_net, link_many, lock_for_update, publish, round_money, round_to, service

from modules.base.api import Company, Conversions, Item, Party, Unit, rate_on, standing_for
from modules.scm.stock.events import ReceiptDone
from modules.scm.stock.models import (
    Delivery,
    DeliveryLine,
    Location,
    LocationKind,
    Lot,
    Receipt,
    ReceiptKind,
    ReceiptLine,
    StockDemand,
    StockMove,
    Warehouse,
)
from modules.scm.stock.services.backorders import in_turn, lock_open_demands, serve_backorders
from modules.scm.stock.services.documents import begin, cancel, check_quantity, locked, make_done, make_ready, post
from modules.scm.stock.services.ledger import MoveDraft
from modules.scm.stock.services.places import check_goods, check_lot, check_own, location_of, outside, warehouse_of
from modules.scm.stock.services.reservations import drop_pegs, set_aside

ZERO = Decimal(0)
PRICE_DECIMALS = 10


@dataclass(frozen=True, kw_only=True)
class ReceiptLineInput:
    """Goods that come in; `unit_cost` is per `unit` (default the base unit), in the receipt's currency."""

    item: Item
    quantity: Decimal
    unit_cost: Decimal
    unit: Unit | None = None
    location: Location | None = None
    lot: Lot | None = None
    owner: Party | None = None


@dataclass(frozen=True, kw_only=True)
class ReturnLineInput:
    """Goods that a customer gives back of a delivered line, in the base unit."""

    line: DeliveryLine
    quantity: Decimal


@service(permission="stock.receipt_create")
def create_receipt(
    *,
    company: Company,
    lines: list[ReceiptLineInput],
    party: Party | None = None,
    warehouse: Warehouse | None = None,
    currency: str = "",
    document_date: date | None = None,
    posting_date: date | None = None,
    reference: str = "",
    note: str = "",
) -> Receipt:
    """Draft a receipt from a supplier; a receipt in a foreign currency is valued at the rate of its date."""
    warehouse = warehouse_of(company, warehouse)
    receipt = begin(Receipt, company, party=party, warehouse=warehouse, reference=reference, note=note, posting_date=posting_date)
    if document_date:
        receipt.document_date = document_date
    receipt.currency = currency or company.currency
    rate = rate_on(currency=receipt.currency, quote=company.currency, on=receipt.document_date)
    receipt.rate, receipt.rate_date, receipt.rate_source = rate.rate, rate.date, rate.source
    return _with_lines(receipt, lines)


def _with_lines(receipt: Receipt, lines: Sequence[ReceiptLineInput]) -> Receipt:
    if not lines:
        raise Refused("REQUIRED", _("A receipt has lines."), "lines")
    check_goods((line.item, ("lines", str(place), "item")) for place, line in enumerate(lines))
    conversions = Conversions([line.item for line in lines])
    storage = None if all(line.location for line in lines) else location_of(receipt.warehouse, LocationKind.STORAGE)
    made = []
    for place, line in enumerate(lines):
        check_quantity(line.quantity, "lines", str(place), "quantity")
        if not line.unit_cost.is_finite() or line.unit_cost < 0:
            raise Refused("INVALID", _("A unit cost is not negative."), "lines", str(place), "unit_cost")
        unit_cost = round_to(line.unit_cost, PRICE_DECIMALS)
        base_quantity = conversions.base_quantity(line.item, line.quantity, line.unit.pk if line.unit else None)
        check_quantity(base_quantity, "lines", str(place), "quantity")
        made.append(
            ReceiptLine(
                document=receipt,
                position=place + 1,
                item=line.item,
                description=line.item.name,
                quantity=line.quantity,
                unit=line.unit or line.item.unit,
                base_quantity=base_quantity,
                unit_price=unit_cost,
                net=line_net(line.quantity, unit_cost, ZERO, receipt.currency),
                location=check_own(cast(Location, line.location or storage), receipt.company, "lines", str(place), "location"),
                lot=check_lot(line.item, line.lot, "lines", str(place), "lot"),
                owner=standing_for(line.owner) if line.owner else None,
            )
        )
    receipt.net_total = sum((line.net for line in made), ZERO)
    receipt.gross_total = receipt.net_total
    receipt.save()
    ReceiptLine.objects.bulk_create(made)
    return receipt


@service(permission="stock.receipt_update")
def ready_receipt(*, receipt: Receipt) -> Receipt:
    """Say that a receipt is expected; it gets its number, and lines may be pegged to it."""
    return make_ready(locked(receipt))


@service(permission="stock.receipt_update")
def cancel_receipt(*, receipt: Receipt, reason: str = "") -> Receipt:
    """Cancel a receipt that is not done; what was promised from it gets what is free, or waits again."""
    receipt = locked(receipt)
    lines = list(receipt.lines.all())
    waiting = lock_open_demands(receipt.company_id, {line.item_id for line in lines})
    promised = drop_pegs(lines)
    set_aside(in_turn(demand for demand in waiting if demand.pk in promised), reason="backorder")
    return cancel(receipt, reason)


@service(permission="stock.receipt_complete")
def complete_receipt(*, receipt: Receipt, posting_date: date | None = None) -> Receipt:
    """Take goods in at their cost; they are set aside for whom they were promised to, then for whoever waits."""
    receipt = locked(receipt)
    if receipt.kind == ReceiptKind.RETURN:
        raise Refused("STATE", _("A return is done when it is made."), "id")
    return _complete(make_done(receipt, posting_date))


@service(permission="stock.receipt_complete")
def open_stock(
    *,
    company: Company,
    lines: list[ReceiptLineInput],
    warehouse: Warehouse | None = None,
    posting_date: date | None = None,
    reference: str = "",
) -> Receipt:
    """Take over what lies in a warehouse when the company starts here, at given costs in company currency."""
    receipt = begin(
        Receipt,
        company,
        kind=ReceiptKind.OPENING,
        warehouse=warehouse_of(company, warehouse),
        reference=reference,
        posting_date=posting_date,
    )
    return _complete(make_done(make_ready(_with_lines(receipt, lines)), posting_date))


def _complete(receipt: Receipt) -> Receipt:
    company = receipt.company
    lines = list(receipt.lines.select_related("item", "location").order_by("position"))
    waiting = lock_open_demands(receipt.company_id, {line.item_id for line in lines})
    promised = drop_pegs([line for line in lines if line.pegged])
    source = outside(receipt.company_id)[str(receipt.kind)]
    drafts = [
        MoveDraft(
            item=line.item,
            source=source,
            target=line.location,
            base_quantity=line.base_quantity,
            quantity=line.quantity,
            unit=line.unit_id,
            lot=line.lot_id,
            owner=line.owner_id,
            line=line,
            value=round_money(line.net * receipt.rate, company.currency),
            where=("lines", str(line.position - 1), "quantity"),
        )
        for line in lines
    ]
    post(receipt, drafts)
    arrived = [draft.key(draft.target) for draft in drafts]
    _keep_promises(waiting, promised, arrived)
    serve_backorders(receipt.company_id, waiting, arrived)
    _tell(receipt)
    return receipt


def _keep_promises(waiting: Sequence[StockDemand], promised: dict, arrived: list) -> None:
    pegged = [demand for demand in waiting if demand.pk in promised]
    pegged.sort(key=lambda demand: list(promised).index(demand.pk))
    set_aside(pegged, among=arrived, at_most=promised, reason="peg")


def _tell(receipt: Receipt) -> None:
    publish(ReceiptDone(subject=receipt.pk, company=receipt.company_id, party=receipt.party_id, kind=str(receipt.kind)))


@service(permission="stock.delivery_return")
def return_from_customer(
    *,
    delivery: Delivery,
    lines: list[ReturnLineInput],
    location: Location | None = None,
    posting_date: date | None = None,
    reason: str = "",
) -> Receipt:
    """Take delivered goods back onto hold, at the value at which they left; never more than was delivered.

    `location` overrides where they go; in storage they serve backorders. The receipt that is made is done at once.
    """
    delivery = locked(delivery)
    if delivery.state != "done":
        raise Refused("STATE", _("Only what was delivered can come back."), "delivery")
    if not lines:
        raise Refused("REQUIRED", _("A return has lines."), "lines")
    delivered = {
        line.pk: line
        for line in lock_for_update(
            delivery.lines.filter(pk__in=[line.line.pk for line in lines]).select_related("item", "demand", "location")
        )
    }
    waiting = lock_open_demands(delivery.company_id, {line.item_id for line in delivered.values()})
    originals = {move.line: move for move in StockMove.objects.filter(document=delivery.pk)}
    company = delivery.company
    warehouse = next((line.location.warehouse for line in delivered.values() if line.location), None)
    warehouse = warehouse_of(company, warehouse)
    target = check_own(location or location_of(warehouse, LocationKind.HOLD), company, "location")
    receipt = begin(Receipt, company, kind=ReceiptKind.RETURN, warehouse=warehouse, party=delivery.party, reason=reason)
    receipt.save()
    made, drafts, links = [], [], []
    source = outside(company.pk)[LocationKind.CUSTOMER]
    for place, given in enumerate(lines):
        where = ("lines", str(place), "quantity")
        line = delivered.get(given.line.pk)
        if line is None:
            raise Refused("NOT_FOUND", _("This line is not of the delivery."), "lines", str(place), "line")
        back = ReceiptLine(
            document=receipt,
            position=place + 1,
            item=line.item,
            description=line.description,
            quantity=check_quantity(given.quantity, *where),
            unit_id=line.item.unit_id,
            base_quantity=given.quantity,
            location=target,
            lot_id=line.lot_id,
            returns_line=line,
            dimension_set_id=line.dimension_set_id,
        )
        made.append(back)
        drafts.append(
            MoveDraft(
                item=line.item,
                source=source,
                target=target,
                base_quantity=given.quantity,
                lot=line.lot_id,
                line=back,
                returns=originals[line.pk],
                demand=None,
                returned_demand=line.demand,
                where=where,
            )
        )
        links.append(
            Link(
                type="returns",
                source_kind=line._meta.label,
                source_document=delivery.pk,
                source_line=line.pk,
                target_kind=back._meta.label,
                target_document=receipt.pk,
                target_line=back.pk,
                base_quantity=given.quantity,
                at_most=line.base_quantity,
                where=where,
            )
        )
    ReceiptLine.objects.bulk_create(made)
    link_many(links)
    make_done(make_ready(receipt), posting_date)
    post(receipt, drafts)
    serve_backorders(company.pk, waiting, [draft.key(target) for draft in drafts if target.kind == LocationKind.STORAGE])
    _tell(receipt)
    return receipt
