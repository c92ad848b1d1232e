"""What is really there wins over what should be."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Refused, line_net, publish, service

from modules.base.api import Item
from modules.scm.stock.events import CountDone, ReservationLost
from modules.scm.stock.models import (
    Location,
    LocationKind,
    Lot,
    Reservation,
    ReservationKind,
    StockBalance,
    StockCount,
    StockCountLine,
)
from modules.scm.stock.services.backorders import lock_open_demands, serve_backorders
from modules.scm.stock.services.balances import Key, lock_balances
from modules.scm.stock.services.documents import begin, make_done, make_ready, post
from modules.scm.stock.services.ledger import MoveDraft
from modules.scm.stock.services.places import check_goods, check_lot, check_own, outside
from modules.scm.stock.services.reservations import release

ZERO = Decimal(0)


@service(permission="stock.stock_count_create")
def count_stock(
    *,
    location: Location,
    item: Item,
    counted: Decimal,
    lot: Lot | None = None,
    unit_cost: Decimal | None = None,
    posting_date: date | None = None,
    reason: str = "",
) -> StockCount:
    """Say how much of an item lies in a location, in its base unit; the difference moves to or from gains and losses.

    A loss is always booked: the newest reservations on what is not there fall back to backorder.
    A gain is worth what the stock costs now, or `unit_cost` where there is none.
    """
    company = location.company
    check_own(location, company, "location")
    check_goods([(item, ("item",))])
    check_lot(item, lot, "lot")
    if not counted.is_finite() or counted < 0:
        raise Refused("INVALID", _("What was counted is not negative."), "counted")
    waiting = lock_open_demands(company.pk, [item.pk])
    key = Key(item.pk, location.pk, lot.pk if lot else None)
    lock_balances(company.pk, [key])
    balance = StockBalance.objects.get(company=company, item=item, location=location, lot=lot, owner=None)
    difference = counted - balance.on_hand
    count = begin(StockCount, company, location=location, reason=reason, posting_date=posting_date)
    count.save()
    line = StockCountLine(
        document=count,
        item=item,
        description=item.name,
        lot=lot,
        quantity=counted,
        unit_id=item.unit_id,
        base_quantity=counted,
        expected=balance.on_hand,
    )
    line.save()
    make_done(make_ready(count), posting_date)
    if difference < 0:
        _fall_back(balance, balance.hard_reserved - counted)
    if difference:
        losses = outside(company.pk)[LocationKind.LOSS]
        draft = MoveDraft(
            item=item,
            source=location if difference < 0 else losses,
            target=losses if difference < 0 else location,
            base_quantity=abs(difference),
            lot=key.lot,
            line=line,
            value=None if unit_cost is None or difference < 0 else _value(unit_cost, difference, company.currency),
            where=("unit_cost",) if difference > 0 else ("counted",),
        )
        post(count, [draft])
    if difference > 0:
        serve_backorders(company.pk, waiting, [key])
    publish(CountDone(subject=count.pk, company=company.pk, location=location.pk))
    return count


def _value(unit_cost: Decimal, quantity: Decimal, currency: str) -> Decimal:
    if not unit_cost.is_finite() or unit_cost < 0:
        raise Refused("INVALID", _("A unit cost is not negative."), "unit_cost")
    return line_net(quantity, unit_cost, ZERO, currency)


def _fall_back(balance: StockBalance, missing: Decimal) -> None:
    """Free the newest reservations on a locked balance until `missing` is free, and tell whom it hits."""
    if missing <= 0:
        return
    rows = list(
        Reservation.objects.filter(
            kind=ReservationKind.HARD,
            item=balance.item_id,
            location=balance.location_id,
            lot=balance.lot_id,
            owner=None,
        )
        .select_related("demand")
        .order_by("-reserved_at", "-id")
    )
    left: dict = {}
    lost: dict = {}
    for row in rows:
        freed = min(missing, row.base_quantity)
        left[row.pk] = row.base_quantity - freed
        missing -= freed
        if freed:
            lost[row.demand] = lost.get(row.demand, ZERO) + freed
    release(rows, left, balance.company_id)
    for demand, quantity in lost.items():
        publish(
            ReservationLost(
                subject=demand.document,
                company=demand.company_id,
                party=demand.party_id,
                line=demand.line,
                item=demand.item_id,
                quantity=quantity,
            )
        )
