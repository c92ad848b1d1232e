"""What others want delivered: one row per line of a confirmed document, locked in its stead."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, linked, lock_for_update, service

from modules.base.api import Company, Demand
from modules.scm.stock.models import StockDemand
from modules.scm.stock.services.reservations import OPEN, release_beyond_open, set_aside
from modules.scm.stock.services.rows import write_columns

ZERO = Decimal(0)


def _take(row: StockDemand, demand: Demand) -> None:
    """Take over everything of a demand but its quantity."""
    row.number = demand.number
    row.party_id = demand.party
    row.item_id = demand.item
    row.ship_to_id = demand.ship_to
    row.requested_date = demand.requested_date
    row.drop_ship = demand.drop_ship
    row.over_tolerance = demand.over_tolerance
    row.under_tolerance = demand.under_tolerance


def _rows_of(demands: Sequence[Demand]) -> dict[UUID, StockDemand]:
    """Return the locked rows of lines, by line, with new ones for lines that are not known."""
    found = {row.line: row for row in lock_for_update(StockDemand.objects.filter(line__in=[d.line for d in demands]))}
    for demand in demands:
        if demand.line not in found:
            found[demand.line] = StockDemand(
                line=demand.line, document=demand.document, kind=demand.kind, company_id=demand.company, base_quantity=ZERO
            )
    return {demand.line: found[demand.line] for demand in demands}


def _write(rows: Sequence[StockDemand], *, changed: set[UUID]) -> list[StockDemand]:
    known = [row for row in rows if not row._state.adding]
    for row in known:
        row.save()
    StockDemand.objects.bulk_create([row for row in rows if row._state.adding])
    release_beyond_open(known, wholly=changed)
    return list(rows)


def record_demands(demands: Sequence[Demand]) -> list[StockDemand]:
    """Remember what a confirmed document wants, in its order; a line that is known gets its new quantity.

    A line that now wants another item lets go of everything that was reserved for the old one.
    """
    rows, changed = _rows_of(demands), set()
    for demand in demands:
        row = rows[demand.line]
        if not row._state.adding and (row.item_id, row.drop_ship) != (demand.item, demand.drop_ship):
            if row.fulfilled:
                raise Refused("STATE", _("Goods of this line went out already: it cannot want others."), "item")
            changed.add(row.pk)
        _take(row, demand)
        row.base_quantity = demand.base_quantity
        if row.wanted < row.fulfilled:
            raise Refused("LIMIT", _("This is less than what went out already."), "quantity")
    return _write(list(rows.values()), changed=changed)


def lower_demands(demands: Sequence[Demand]) -> list[StockDemand]:
    """Take back what was cancelled per line (`base_quantity`), and free what is reserved beyond the rest."""
    cancelled = {demand.line: demand.base_quantity for demand in demands}
    rows = lock_for_update(StockDemand.objects.filter(line__in=list(cancelled)))
    for row in rows:
        row.cancelled_quantity += cancelled[row.line]
        if row.wanted < 0 or (cancelled[row.line] and row.wanted < row.fulfilled):
            raise Refused("LIMIT", _("More would be cancelled than is open on the line."), "quantity")
    write_columns(rows, "cancelled_quantity")
    release_beyond_open(rows)
    return rows


def adopt_demands(company: Company, demands: Sequence[Demand]) -> None:
    """Bring what stock knows of a company's open demands to what is said now: `base_quantity` is what is still open.

    Stock may be switched on late, or again after documents went on without it. What went out counts
    by the links of the lines; what is not open any more is let go. Then what is free is set aside.
    """
    listed = [demand.line for demand in demands]
    ended = lock_for_update(StockDemand.objects.filter(OPEN, company=company).exclude(line__in=listed))
    for row in ended:
        row.cancelled_quantity = row.base_quantity - row.fulfilled
    write_columns(ended, "cancelled_quantity")
    release_beyond_open(ended)
    went_out = linked(listed, "fulfils")
    rows = _rows_of(demands)
    for demand in demands:
        row = rows[demand.line]
        _take(row, demand)
        row.fulfilled = went_out.get(demand.line, ZERO)
        whole = row.fulfilled + demand.base_quantity
        row.base_quantity = max(row.base_quantity, whole)
        row.cancelled_quantity = row.base_quantity - whole
    set_aside(_write(list(rows.values()), changed=set()))


@service()
def name_demands(*, document: UUID, number: str) -> None:
    """Remember the number that a document got at the end of its confirmation."""
    rows = lock_for_update(StockDemand.objects.filter(document=document).exclude(number=number))
    for row in rows:
        row.number = number
    write_columns(rows, "number")
