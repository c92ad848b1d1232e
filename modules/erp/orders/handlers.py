"""What orders do when others are done."""

from uuid import UUID

from tessera.api import Event, on

from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services import settle_sales_order


def _settle(event: Event) -> None:
    documents = [UUID(each) for each in event.data["documents"]]
    for order in SalesOrder.objects.filter(pk__in=documents).order_by("pk"):
        settle_sales_order(order=order)


@on("stock.delivery_done")
def look_at_delivered_orders(event: Event) -> None:
    """Tell, once, which orders are wholly delivered, and close what is done."""
    _settle(event)


@on("finance.invoice_posted")
def look_at_invoiced_orders(event: Event) -> None:
    """Close the orders of which nothing is left."""
    _settle(event)
