"""What a delivery takes from where: what is reserved, less what other deliveries already plan to take."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _
from tessera.api import Refused, lock_for_update

from modules.scm.stock.models import DeliveryLine, Location, LocationKind, Lot, Reservation, ReservationKind, StockDemand
from modules.scm.stock.services.documents import check_quantity
from modules.scm.stock.services.places import check_lot, check_own, location_of, warehouse_of

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class DeliveryLineInput:
    """How much of a demanded line to deliver, in the base unit; without a location, from where it is reserved, of the lot named."""

    line: UUID
    quantity: Decimal
    location: Location | None = None
    lot: Lot | None = None


class Pick(NamedTuple):
    """So much of a demand, from a place in the warehouse; without one, from the supplier, at a cost."""

    demand: StockDemand
    location: Location | None
    lot: UUID | None
    quantity: Decimal
    unit_cost: Decimal = ZERO


def demands_of(document: UUID, *, drop_ship: bool) -> list[StockDemand]:
    """Lock what a document wants delivered, from the warehouse or by drop-ship; return it in the order of its lines."""
    rows = lock_for_update(
        StockDemand.objects.filter(document=document, drop_ship=drop_ship).select_related("item", "company", "party")
    )
    if not rows:
        raise Refused("NOT_FOUND", _("Nothing of this document is to be delivered."), "document")
    return sorted(rows, key=lambda row: (row.recorded_at, row.pk))


def _planned(demands: Sequence[StockDemand]) -> dict[tuple[UUID, UUID | None, UUID | None], Decimal]:
    """Return what deliveries that are not done yet will take, per demand, location and lot."""
    rows = DeliveryLine.objects.filter(demand__in=demands, document__state__in=("draft", "ready"))
    summed = rows.values("demand", "location", "lot").annotate(sum=Sum("base_quantity"))
    return {(row["demand"], row["location"], row["lot"]): row["sum"] for row in summed}


class Planner:
    """What can still be planned per demand: its open quantity, and where its goods are reserved."""

    def __init__(self, demands: Sequence[StockDemand]) -> None:
        planned = _planned(demands)
        self.open = {row.pk: row.open_quantity for row in demands}
        self.at_most = {row.pk: row.at_most - row.fulfilled for row in demands}
        for (demand, _location, _lot), quantity in planned.items():
            self.open[demand] -= quantity
            self.at_most[demand] -= quantity
        self.reserved: dict[UUID, dict[tuple[UUID, UUID | None], Decimal]] = {}
        self.locations: dict[UUID | None, Location] = {}
        rows = Reservation.objects.filter(demand__in=demands, kind=ReservationKind.HARD, owner=None)
        for row in rows.select_related("location").order_by("reserved_at", "id"):
            self.locations[row.location_id] = row.location
            places = self.reserved.setdefault(row.demand_id, {})
            place = (row.location_id, row.lot_id)
            places[place] = places.get(place, ZERO) + row.base_quantity
        for (demand, location, lot), quantity in planned.items():
            if (location, lot) in self.reserved.get(demand, {}):
                self.reserved[demand][location, lot] -= quantity  # type: ignore[index]

    def pick(self, demand: StockDemand, wanted: Decimal, only: Lot | None = None) -> list[Pick]:
        """Take up to `wanted` from where the demand's goods are reserved, `only` of a lot where one is named."""
        picks = []
        for (location, lot), quantity in self.reserved.get(demand.pk, {}).items():
            taken = min(wanted, quantity) if only is None or lot == only.pk else ZERO
            if taken > 0:
                picks.append(Pick(demand, self.locations[location], lot, taken))
                self.reserved[demand.pk][location, lot] -= taken
                wanted -= taken
        return picks

    def count(self, demand: StockDemand, quantity: Decimal, *field: str) -> None:
        """Refuse with LIMIT more than is left on the line with its tolerance."""
        if quantity > self.at_most[demand.pk]:
            raise Refused("LIMIT", _("This is more than what is left on the line."), *field)
        self.at_most[demand.pk] -= quantity


def pick_for(document: UUID, lines: Sequence[DeliveryLineInput] | None) -> tuple[list[StockDemand], list[Pick]]:
    """Return the demands of a document, locked, and what is to be taken for them from where."""
    demands = demands_of(document, drop_ship=False)
    planner = Planner(demands)
    if lines is not None:
        return demands, _given(demands, lines, planner)
    picks = [pick for demand in demands for pick in planner.pick(demand, planner.open[demand.pk])]
    if not picks:
        raise Refused("NOTHING_RESERVED", _("Nothing is reserved for this document that is not planned already."), "document")
    return demands, picks


def _given(demands: Sequence[StockDemand], lines: Sequence[DeliveryLineInput], planner: Planner) -> list[Pick]:
    by_line = {row.line: row for row in demands}
    picks: list[Pick] = []
    for place, given in enumerate(lines):
        where = ("lines", str(place), "quantity")
        demand = by_line.get(given.line)
        if demand is None:
            raise Refused("NOT_FOUND", _("This line is not of the document."), "lines", str(place), "line")
        quantity = check_quantity(given.quantity, *where)
        planner.count(demand, quantity, *where)
        if given.location is not None:
            check_own(given.location, demand.company, "lines", str(place), "location")
            lot = check_lot(demand.item, given.lot, "lines", str(place), "lot")
            picks.append(Pick(demand, given.location, lot.pk if lot else None, quantity))
            continue
        picked = planner.pick(demand, quantity, only=given.lot)
        rest = quantity - sum((pick.quantity for pick in picked), ZERO)
        if rest:
            storage = location_of(warehouse_of(demand.company, None), LocationKind.STORAGE)
            lot = check_lot(demand.item, given.lot, "lines", str(place), "lot")
            picked.append(Pick(demand, storage, lot.pk if lot else None, rest))
        picks += picked
    if not picks:
        raise Refused("REQUIRED", _("A delivery has lines."), "lines")
    return picks
