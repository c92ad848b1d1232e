"""Set goods aside: hard on what is here, pegs on what is expected; never more than there is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from tessera.api import Refused, lock_for_update, service

from modules.scm.stock.models import (
    LocationKind,
    ReceiptLine,
    Reservation,
    ReservationKind,
    StockBalance,
    StockDemand,
    StockPolicy,
)
from modules.scm.stock.services.balances import Change, Key, change_balances, lock_balances
from modules.scm.stock.services.ledger import key_of_reservation, reduce_reservations

ZERO = Decimal(0)


def reserved_for(demands: Iterable[UUID], kind: ReservationKind | None = None) -> dict[UUID, Decimal]:
    """Return what is set aside per demand (its row's id)."""
    rows = Reservation.objects.filter(demand__in=list(demands))
    if kind:
        rows = rows.filter(kind=kind)
    return {row["demand"]: row["sum"] for row in rows.values("demand").annotate(sum=Sum("base_quantity"))}


def lock_stock(company: UUID, items: Iterable[UUID]) -> list[StockBalance]:
    """Lock where goods of these items lie or may come to lie, in the order of the keys.

    What is reserved to the last piece is locked too: whoever looks for goods waits for whoever lets
    go of some, and the other way round. Lots of which nothing is left are let alone, there may be many.
    """
    rows = StockBalance.objects.filter(
        Q(on_hand__gt=0) | Q(lot=None),
        company=company,
        item__in=list(items),
        owner=None,
        location__kind=LocationKind.STORAGE,
    )
    locked = rows.select_for_update(of=("self",)).select_related("location", "lot")
    return list(locked.order_by("item_id", "location_id", "lot_id"))


def _free_balances(company: UUID, items: Iterable[UUID], among: Iterable[Key] | None) -> list[StockBalance]:
    """Return the balances from which goods of these items can be set aside; `among` are locked already, else lock them."""
    if among is None:
        found = lock_stock(company, items)
    else:
        keys = set(among)
        rows = StockBalance.objects.filter(
            company=company,
            item__in=list(items),
            owner=None,
            location__in={key.location for key in keys},
            location__kind=LocationKind.STORAGE,
        ).select_related("location", "lot")
        found = [row for row in rows if Key(row.item_id, row.location_id, row.lot_id, row.owner_id) in keys]
    return [row for row in found if row.location.active and row.on_hand > row.hard_reserved]


def _picking_order(company: UUID, balances: Sequence[StockBalance]) -> list[StockBalance]:
    """Put the default warehouse first, then what expires first, then the locations by code."""
    default = None
    if len({row.location.warehouse_id for row in balances}) > 1:
        default = StockPolicy.objects.filter(company=company).values_list("default_warehouse_id", flat=True).first()

    def place(row: StockBalance) -> tuple:
        expires = row.lot.expires_on if row.lot else None
        return (row.location.warehouse_id != default, expires is None, expires or 0, row.location.code, str(row.lot_id or ""))

    return sorted(balances, key=place)


def set_aside(
    demands: Sequence[StockDemand],
    *,
    among: Iterable[Key] | None = None,
    at_most: dict[UUID, Decimal] | None = None,
    held: Mapping[UUID, Decimal] | None = None,
    expires_at: datetime | None = None,
    reason: str = "",
) -> list[Reservation]:
    """Reserve what is free for demands in the given order; their rows are locked. The rest is backorder.

    `among` limits the balances to those that are locked already; `at_most` the quantity per demand.
    `held` is what is set aside for them already, where the caller knows.
    """
    wanting = [demand for demand in demands if not demand.drop_ship and demand.open_quantity]
    if not wanting:
        return []
    company = wanting[0].company_id
    if held is None:
        held = reserved_for([demand.pk for demand in wanting])
    balances = _picking_order(company, _free_balances(company, {demand.item_id for demand in wanting}, among))
    free = {row.pk: row.on_hand - row.hard_reserved for row in balances}
    changes: dict[Key, Change] = {}
    made = []
    for demand in wanting:
        wanted = demand.open_quantity - held.get(demand.pk, ZERO)
        if at_most is not None:
            wanted = min(wanted, at_most.get(demand.pk, ZERO))
        for row in balances:
            quantity = min(wanted, free[row.pk])
            if row.item_id != demand.item_id or quantity <= 0:
                continue
            free[row.pk] -= quantity
            wanted -= quantity
            key = Key(row.item_id, row.location_id, row.lot_id, row.owner_id)
            changes.setdefault(key, Change()).reserved += quantity
            made.append(
                Reservation(
                    demand=demand,
                    item_id=row.item_id,
                    location_id=row.location_id,
                    lot_id=row.lot_id,
                    base_quantity=quantity,
                    expires_at=expires_at,
                    reason=reason,
                )
            )
    change_balances(company, changes)
    return Reservation.objects.bulk_create(made) if made else []


def release(rows: Sequence[Reservation], left: dict[UUID, Decimal], company: UUID) -> list[Key]:
    """Bring hard reservations down to `left`, under the locks of their balances; return on which goods became free."""
    changes: dict[Key, Change] = {}
    reduce_reservations(rows, left, changes)
    change_balances(company, changes)
    return list(changes)


def release_beyond_open(demands: Sequence[StockDemand], *, wholly: Iterable[UUID] = ()) -> list[Key]:
    """Free what is reserved beyond the open quantity of locked demands, newest first; pegs before goods on hand.

    Of the demands `wholly` everything is freed. Return the balances on which goods became free.
    """
    if not demands:
        return []
    company = demands[0].company_id
    ids = [demand.pk for demand in demands]
    excess, all_of = reserved_for(ids), set(wholly)
    for demand in demands:
        if demand.pk in excess and demand.pk not in all_of:
            excess[demand.pk] -= demand.open_quantity
    return _release_newest(company, {pk: over for pk, over in excess.items() if over > 0})


def _release_newest(company: UUID, over: dict[UUID, Decimal]) -> list[Key]:
    """Free so much per locked demand, pegs first, then the newest; return the balances on which goods became free."""
    if not over:
        return []
    rows = Reservation.objects.filter(demand__in=list(over)).order_by("-kind", "-reserved_at", "-id")
    lock_balances(company, [key_of_reservation(row) for row in rows if row.kind == ReservationKind.HARD])
    hard, left, pegs = [], {}, []
    for row in rows.all():
        freed = min(over[row.demand_id], row.base_quantity)
        over[row.demand_id] -= freed
        if row.kind == ReservationKind.HARD:
            hard.append(row)
            left[row.pk] = row.base_quantity - freed
        elif freed:
            pegs.append((row, freed))
    for row, freed in pegs:
        _lower_peg(row, freed)
    return release(hard, left, company)


def _lower_peg(row: Reservation, freed: Decimal) -> None:
    line = ReceiptLine.objects.select_for_update().get(pk=row.receipt_line_id)
    line.pegged -= freed
    line.save(update_fields=["pegged"])
    row.base_quantity -= freed
    if row.base_quantity:
        row.save(update_fields=["base_quantity"])
    else:
        row.delete()


@service(permission="stock.reservation_create")
def reserve_demand(
    *, demand: StockDemand, quantity: Decimal | None = None, expires_at: datetime | None = None, reason: str = ""
) -> StockDemand:
    """Set goods on hand aside for a line: all that is open, or `quantity` of it. Refuses with INSUFFICIENT what is not free."""
    demand = lock_for_update(StockDemand.objects.filter(pk=demand.pk))[0]
    if demand.drop_ship:
        raise Refused("INVALID", _("A drop-ship line is not reserved: the goods never lie here."), "demand")
    if quantity is None:
        set_aside([demand], expires_at=expires_at, reason=reason)
        return demand
    rest = demand.open_quantity - reserved_for([demand.pk]).get(demand.pk, ZERO)
    if not 0 < quantity <= rest:
        raise Refused("LIMIT", _("Only {rest} of this line is still open.").format(rest=_plain(rest)), "quantity")
    made = set_aside([demand], at_most={demand.pk: quantity}, expires_at=expires_at, reason=reason)
    got = sum((row.base_quantity for row in made), ZERO)
    if got < quantity:
        raise Refused("INSUFFICIENT", _("Only {free} is free.").format(free=_plain(got)), "quantity")
    return demand


@service(permission="stock.reservation_delete")
def release_reservation(*, demand: StockDemand, quantity: Decimal | None = None) -> StockDemand:
    """Free what is set aside for a line, or `quantity` of it, newest first; the line waits again.

    What is freed by hand stays free: whoever frees it has somebody in mind.
    """
    demand = lock_for_update(StockDemand.objects.filter(pk=demand.pk))[0]
    held = reserved_for([demand.pk]).get(demand.pk, ZERO)
    freed = held if quantity is None else quantity
    if not 0 < freed <= held:
        raise Refused("LIMIT", _("Only {held} is set aside for this line.").format(held=_plain(held)), "quantity")
    _release_newest(demand.company_id, {demand.pk: freed})
    return demand


@service(permission="stock.reservation_create")
def peg_demand(*, demand: StockDemand, receipt_line: ReceiptLine, quantity: Decimal) -> Reservation:
    """Promise a line goods that are expected; when the receipt is done they are set aside for it first."""
    receipt = lock_for_update(type(receipt_line.document).objects.filter(pk=receipt_line.document_id))[0]
    demand = lock_for_update(StockDemand.objects.filter(pk=demand.pk))[0]
    line = lock_for_update(ReceiptLine.objects.filter(pk=receipt_line.pk))[0]
    if receipt.state not in ("draft", "ready"):
        raise Refused("STATE", _("This receipt is not expected any more."), "receipt_line")
    if (line.item_id, receipt.company_id) != (demand.item_id, demand.company_id) or demand.drop_ship:
        raise Refused("INVALID", _("This receipt does not bring what the line wants."), "receipt_line")
    rest = demand.open_quantity - reserved_for([demand.pk]).get(demand.pk, ZERO)
    if not 0 < quantity <= min(rest, line.base_quantity - line.pegged):
        raise Refused("LIMIT", _("This is more than is open on the line or expected by the receipt."), "quantity")
    line.pegged += quantity
    line.save(update_fields=["pegged"])
    peg = Reservation(demand=demand, kind=ReservationKind.PEG, item_id=line.item_id, receipt_line=line, base_quantity=quantity)
    peg.save()
    return peg


def drop_pegs(lines: Sequence[ReceiptLine]) -> dict[UUID, Decimal]:
    """Let go of the pegs on receipt lines; return what each demand was promised, oldest promise first."""
    pegs = list(Reservation.objects.filter(receipt_line__in=lines, kind=ReservationKind.PEG).order_by("reserved_at", "id"))
    promised: dict[UUID, Decimal] = {}
    for peg in pegs:
        promised[peg.demand_id] = promised.get(peg.demand_id, ZERO) + peg.base_quantity
    if pegs:
        Reservation.objects.filter(pk__in=[peg.pk for peg in pegs]).delete()
        for line in lines:
            line.pegged = ZERO
            line.save(update_fields=["pegged"])
    return promised


def _plain(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")
