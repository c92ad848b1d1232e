"""How an order ends: delivered, closed, short-closed, cancelled."""

from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused, move, publish, refuse_while_held, service, void_number

from modules.base.api import Demand
from modules.erp.orders import events
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.selectors.closing import rest_of
from modules.erp.orders.selectors.progress import WHOLE, OrderProgress, progress_of
from modules.erp.orders.services.headers import locked, series_of
from modules.erp.orders.services.orders import demand_of, is_delivered


@service(permission="orders.sales_order_short_close")
def short_close_sales_order(*, order: SalesOrder, reason: str = "") -> SalesOrder:
    """Cancel what was not delivered; what was is invoiced, and an advance stays an open item of the customer.

    `shortClosePreview` shows beforehand what this cancels, releases, leaves to invoice and to credit.
    """
    order = _in_force(order)
    progress = progress_of([order.pk])[order.pk]
    if progress.delivered is None and progress.invoiced is None:
        raise Refused("STATE", _("Nobody tracks what was done of this order; close it instead."), "state")
    rests = [(line, rest) for line in progress.lines if (rest := rest_of(progress, line)) > 0]
    if not rests:
        raise Refused("STATE", _("There is nothing left to cancel."), "state")
    for line, rest in rests:
        line.cancelled_quantity += rest
        line.save()
    order.reason = reason
    order.save()
    publish(
        events.SalesOrderShortClosed(
            subject=order.pk, company=order.company_id, party=order.party_id, number=order.number or "", reason=reason
        ),
        demands=[demand_of(order, line, rest) for line, rest in rests if is_delivered(line)],
    )
    _close_if_complete(order, progress)
    return order


@service(permission="orders.sales_order_cancel")
def cancel_sales_order(*, order: SalesOrder, reason: str = "") -> SalesOrder:
    """Call an order off of which nothing was delivered or invoiced; afterwards there is only the short close."""
    order = locked(order)
    refuse_while_held(order)
    was_in_force = order.state == SalesOrder.State.CONFIRMED
    progress = progress_of([order.pk])[order.pk]
    if was_in_force and progress.anything_done:
        raise Refused("STATE", _("Something of this order is delivered or invoiced; short-close it instead."), "state")
    order.reason = reason
    move(order, SalesOrder.State.CANCELLED, also=("reason",))
    void_number(order, scope=series_of(order), reason=reason)
    if was_in_force:
        publish(
            events.SalesOrderCancelled(
                subject=order.pk, company=order.company_id, party=order.party_id, number=order.number or "", reason=reason
            ),
            demands=_open_demands(order, progress),
        )
    return order


@service(permission="orders.sales_order_close")
def close_sales_order(*, order: SalesOrder) -> SalesOrder:
    """Close an order by hand: allowed once each tracked percent is 100, at any time where nobody tracks."""
    order = _in_force(order)
    if not progress_of([order.pk])[order.pk].is_complete:
        raise Refused("STATE", _("This order is not wholly delivered and invoiced."), "state")
    _close(order)
    return order


@service()
def settle_sales_order(*, order: SalesOrder) -> SalesOrder:
    """Look at an order after something was delivered or invoiced: tell once that it is delivered, close it when all is done."""
    order = locked(order)
    if order.state != SalesOrder.State.CONFIRMED:
        return order
    progress = progress_of([order.pk])[order.pk]
    whole = not any(line.cancelled_quantity for line in progress.lines)
    if order.delivered_at is None and progress.percent_delivered == WHOLE and progress.anything_delivered and whole:
        order.delivered_at = timezone.now()
        order.save()
        publish(
            events.SalesOrderDelivered(
                subject=order.pk,
                company=order.company_id,
                party=order.party_id,
                number=order.number or "",
                contact=order.contact_id,
            )
        )
    _close_if_complete(order, progress)
    return order


def open_demands_of(company: UUID) -> list[Demand]:
    """Return what is still to be delivered of a company's orders in force, for who begins to keep stock late."""
    orders = SalesOrder.objects.filter(company=company, state=SalesOrder.State.CONFIRMED).order_by("document_date", "id")
    found = {order.pk: order for order in orders}
    progress = progress_of(found)
    return [demand for key, order in found.items() for demand in _open_demands(order, progress[key])]


def _open_demands(order: SalesOrder, progress: OrderProgress) -> list[Demand]:
    rests = [(line, line.wanted - progress.delivered_of(line)) for line in progress.lines if is_delivered(line)]
    return [demand_of(order, line, rest) for line, rest in rests if rest > Decimal(0)]


def _in_force(order: SalesOrder) -> SalesOrder:
    order = locked(order)
    refuse_while_held(order)
    if order.state != SalesOrder.State.CONFIRMED:
        raise Refused("STATE", _("This order is not in force."), "state")
    return order


def _close_if_complete(order: SalesOrder, progress: OrderProgress) -> None:
    """Close where something is tracked and all of it is done; what nobody tracks is closed by hand."""
    tracked = (progress.percent_delivered, progress.percent_invoiced) != (None, None)
    if tracked and progress.is_complete:
        _close(order)


def _close(order: SalesOrder) -> None:
    move(order, SalesOrder.State.CLOSED)
    publish(events.SalesOrderClosed(subject=order.pk, company=order.company_id, party=order.party_id, number=order.number or ""))
