"""An order takes effect: limits and gates, what is to be delivered, the credit account."""

from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Refused, assign_number, content_hash, late, move, publish, round_money, save_revision, service

from modules.erp.orders import events
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services.headers import locked, series_of, snapshots
from modules.erp.orders.services.limits import (
    OVER_CREDIT,
    check_credit,
    customer_of,
    limits_of,
    one_of,
    over_credit,
    refuse_blocked,
)
from modules.erp.orders.services.orders import demand_of, is_delivered


@service(permission="orders.sales_order_confirm")
def confirm_sales_order(*, order: SalesOrder) -> SalesOrder:
    """Put an order in force: number, sealed first revision, demands told to whoever keeps stock, credit checked.

    Over the company's limits or the customer's credit it needs an approval or the right to go beyond.
    """
    order = locked(order)
    if not order.sealed_lines():
        raise Refused("REQUIRED", _("There is nothing on this order."), "lines")
    customer = customer_of(order)
    refuse_blocked(customer)
    needed = limits_of(order)
    if over_credit(customer, _in_company_currency(order)):
        needed.append(OVER_CREDIT)
    order.party_snapshot, order.content_hash = snapshots(order), content_hash(order)
    move(order, SalesOrder.State.CONFIRMED, exceeds=one_of(needed), also=("party_snapshot", "content_hash"))
    assign_number(order, scope=series_of(order), pattern="SO-{year}-{n:05}", on=order.document_date)
    save_revision(order)
    publish(
        events.SalesOrderConfirmed(
            subject=order.pk, company=order.company_id, party=order.party_id, number=late(lambda: order.number)
        ),
        demands=[demand_of(order, line, line.base_quantity) for line in order.sealed_lines() if is_delivered(line)],
    )
    check_credit(customer, passed=OVER_CREDIT in needed)
    return order


def _in_company_currency(order: SalesOrder) -> Decimal:
    return round_money(order.gross_total * order.rate, order.company.currency)
