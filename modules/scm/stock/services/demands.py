"""What others want delivered: one row per line of a confirmed document, locked in its stead."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, linked, lock_for_update, service

from modules.base.api import Company, Demand
from modules.scm.stock.models import StockDemand
from modules.scm.stock.services.backorders import OPEN, in_turn, lock_open_demands, serve_backorders
from modules.scm.stock.services.balances import Key
from modules.scm.stock.services.reservations import lock_stock, release_beyond_open, set_aside
from modules.scm.stock.services.rows import write_columns

ZERO = Decimal(0)


def _take(row: StockDemand, demand: Demand) -> None:
    """Take over everything of a demand but its quantity."""
    row.number = demand.number
    row.party_id = demand.party
    row.item_id = demand.item
    row.ship_to_id = demand.ship_to
    row.requested_date = demand.requested_date
    row.position = demand.position
    row.drop_ship = demand.drop_ship
    row.over_tolerance = demand.over_tolerance
    row.under_tolerance = demand.under_tolerance


def _lock(lines: Iterable[UUID]) -> tuple[dict[UUID, StockDemand], list[StockDemand]]:
    """Lock the known demands of lines and all that wait for the same goods; return the former by line, and all."""
    wanted = set(lines)
    known = list(StockDemand.objects.filter(line__in=wanted).values_list("company", "item"))
    if not known:
        return {}, []
    locked = lock_open_demands(known[0][0], {item for _company, item in known}, lines=wanted)
    return {row.line: row for row in locked if row.line in wanted}, locked


def _rows_of(demands: Sequence[Demand], known: dict[UUID, StockDemand]) -> list[StockDemand]:
    """Return the row of each demand, with new ones for lines that are not known."""
    return [
        known.get(demand.line)
        or StockDemand(
            line=demand.line, document=demand.document, kind=demand.kind, company_id=demand.company, base_quantity=ZERO
        )
        for demand in demands
    ]


def _write(rows: Sequence[StockDemand], *, changed: set[UUID]) -> list[Key]:
    known = [row for row in rows if not row._state.adding]
    for row in known:
        row.save()
    StockDemand.objects.bulk_create([row for row in rows if row._state.adding])
    return release_beyond_open(known, wholly=changed)


def _record(demands: Sequence[Demand], rows: Sequence[StockDemand]) -> list[Key]:
    """Take over what a document wants now; return where that frees goods.

    A line that now wants another item lets go of everything that was reserved for the old one.
    """
    changed = set()
    for demand, row in zip(demands, rows, strict=True):
        if not row._state.adding and (row.item_id, row.drop_ship) != (demand.item, demand.drop_ship):
            if row.fulfilled:
                raise Refused("STATE", _("Goods of this line went out already: it cannot want others."), "item")
            changed.add(row.pk)
        _take(row, demand)
        row.base_quantity = demand.base_quantity
        if row.wanted < row.fulfilled:
            raise Refused("LIMIT", _("This is less than what went out already."), "quantity")
    return _write(rows, changed=changed)


def _lower(demands: Sequence[Demand], known: dict[UUID, StockDemand]) -> list[Key]:
    """Take back what was cancelled per line (`base_quantity`); return where that frees goods."""
    rows = []
    for demand in demands:
        row = known.get(demand.line)
        if row is None:
            continue
        row.cancelled_quantity += demand.base_quantity
        if row.wanted < 0 or (demand.base_quantity and row.wanted < row.fulfilled):
            raise Refused("LIMIT", _("More would be cancelled than is open on the line."), "quantity")
        rows.append(row)
    write_columns(rows, "cancelled_quantity")
    return release_beyond_open(rows)


def take_new_demands(demands: Sequence[Demand]) -> None:
    """Take what a document wants that takes effect now, and set aside what is free, in its order."""
    rows = _rows_of(demands, {})
    _record(demands, rows)
    set_aside(rows, held={})


def take_demands(demands: Sequence[Demand], removed: Sequence[Demand] = ()) -> None:
    """Take what a document in force wants now, and what it does not want any more; set aside what is free, in its order.

    A line that is known gets its new quantity. What the document lets go of is its own first; what it
    does not need goes to whoever waits.
    """
    known, waiting = _lock(demand.line for demand in (*demands, *removed))
    if waiting:
        lock_stock(waiting[0].company_id, {row.item_id for row in known.values()} | {demand.item for demand in demands})
    freed = _lower(removed, known)
    rows = _rows_of(demands, known)
    freed += _record(demands, rows)
    set_aside(rows)
    if freed:
        serve_backorders(waiting[0].company_id, waiting, freed)


def lower_demands(demands: Sequence[Demand]) -> None:
    """Take back what was cancelled per line (`base_quantity`); what is reserved beyond the rest goes to whoever waits."""
    known, waiting = _lock(demand.line for demand in demands)
    freed = _lower(demands, known)
    if freed:
        serve_backorders(waiting[0].company_id, waiting, freed)


def adopt_demands(company: Company, demands: Sequence[Demand]) -> None:
    """Bring what stock knows of a company's open demands to what is said now: `base_quantity` is what is still open.

    Stock may be switched on late, or again after documents went on without it. What went out counts
    by the links of the lines; what is not open any more is let go. Then what is free is set aside, in turn.
    """
    listed = [demand.line for demand in demands]
    ended = lock_for_update(StockDemand.objects.filter(OPEN, company=company).exclude(line__in=listed))
    for row in ended:
        row.cancelled_quantity = row.base_quantity - row.fulfilled
    write_columns(ended, "cancelled_quantity")
    release_beyond_open(ended)
    went_out = linked(listed, "fulfils")
    known = {row.line: row for row in lock_for_update(StockDemand.objects.filter(line__in=listed))}
    rows = _rows_of(demands, known)
    for demand, row in zip(demands, rows, strict=True):
        _take(row, demand)
        row.fulfilled = went_out.get(demand.line, ZERO)
        whole = row.fulfilled + demand.base_quantity
        row.base_quantity = max(row.base_quantity, whole)
        row.cancelled_quantity = row.base_quantity - whole
    _write(rows, changed=set())
    set_aside(in_turn(rows))


@service()
def name_demands(*, document: UUID, number: str) -> None:
    """Remember the number that a document got at the end of its confirmation.

    What arrived while that was under way saw nobody wait, and was not seen: it is set aside now.
    """
    rows = lock_for_update(StockDemand.objects.filter(document=document).exclude(number=number))
    for row in rows:
        row.number = number
    write_columns(rows, "number")
    set_aside(in_turn(rows))
