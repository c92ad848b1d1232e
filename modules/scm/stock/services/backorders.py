"""Who waits for goods, and what happens when some arrive or are let go of.

Goods that become free go to the lines that wait for them, in one order everywhere: what is requested
for the earliest day, then by the number of the document, then by its lines. The waiting lines are
locked together with those that let go, before any balance: nobody meets head on, nothing is oversold.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone
from tessera.api import lock_for_update, service

from modules.scm.stock.models import Reservation, ReservationKind, StockDemand
from modules.scm.stock.services.balances import Key, lock_balances
from modules.scm.stock.services.ledger import key_of_reservation
from modules.scm.stock.services.reservations import release, set_aside

ZERO = Decimal(0)

OPEN = Q(fulfilled__lt=F("base_quantity") - F("cancelled_quantity"))
WAITING = OPEN & Q(drop_ship=False)


def in_turn(demands: Iterable[StockDemand]) -> list[StockDemand]:
    """Put demands in the order in which they are served; what has no day or no number yet comes last."""

    def turn(demand: StockDemand) -> tuple:
        day = demand.requested_date or date.max
        return (day, not demand.number, demand.number, demand.recorded_at, demand.position, demand.line)

    return sorted(demands, key=turn)


def lock_open_demands(company: UUID, items: Iterable[UUID], *, lines: Iterable[UUID] = ()) -> list[StockDemand]:
    """Lock what waits for goods of these items, and the demands of `lines`, in one order; called before balances are locked."""
    waiting = WAITING & Q(item__in=list(items))
    return lock_for_update(StockDemand.objects.filter(waiting | Q(line__in=list(lines)), company=company))


def serve_backorders(
    company: UUID, locked: Sequence[StockDemand], keys: Iterable[Key], *, but: Iterable[UUID] = ()
) -> list[Reservation]:
    """Set goods that became free in `keys`, whose balances are locked, aside for whoever waits for them.

    `locked` are the demands that were locked before; those confirmed meanwhile are taken along unless
    somebody works on them. `but` names demands that are passed over.
    """
    freed, passed = list(keys), set(but)
    if not freed:
        return []
    late = (
        StockDemand.objects.filter(WAITING, company=company, item__in={key.item for key in freed})
        .exclude(pk__in=[demand.pk for demand in locked])
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")
    )
    waiting = [demand for demand in [*locked, *late] if demand.pk not in passed]
    return set_aside(in_turn(waiting), among=freed, reason="backorder")


@service()
def free_expired() -> int:
    """Free goods that were set aside for a time that is over, and offer them to the others that wait.

    Return how many reservations ended; their own lines wait again.
    """
    late = Reservation.objects.filter(kind=ReservationKind.HARD, expires_at__lte=timezone.now())
    ended = 0
    for company in sorted(set(late.values_list("demand__company", flat=True))):
        mine = late.filter(demand__company=company)
        lines, items = set(mine.values_list("demand__line", flat=True)), set(mine.values_list("item", flat=True))
        demands = lock_open_demands(company, items, lines=lines)
        mine = mine.filter(demand__in=[demand.pk for demand in demands])
        lock_balances(company, [key_of_reservation(row) for row in mine])
        rows = list(mine.all())
        freed = release(rows, {row.pk: ZERO for row in rows}, company)
        serve_backorders(company, demands, freed, but=[row.demand_id for row in rows])
        ended += len(rows)
    return ended
