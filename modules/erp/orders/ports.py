"""What orders answer to others."""

from decimal import Decimal
from uuid import UUID

from modules.base.api import Billable, Demand, billable, billable_documents, open_demands, unbilled_orders
from modules.erp.orders.selectors import billable_of, orders_to_invoice, unbilled_of
from modules.erp.orders.services import open_demands_of


@billable.answer
def billable_order(*, document: UUID) -> Billable | None:
    """Return what may be invoiced of an order now."""
    return billable_of(document=document)


@billable_documents.answer
def billable_orders(*, company: UUID) -> list[UUID]:
    """Return the orders in force."""
    return orders_to_invoice(company=company)


@unbilled_orders.answer
def unbilled(*, party: UUID, company: UUID) -> Decimal:
    """Return the gross of what is confirmed and not invoiced."""
    return unbilled_of(party=party, company=company)


@open_demands.answer
def open_orders(*, company: UUID) -> list[Demand]:
    """Return what is still to be delivered of orders in force."""
    return open_demands_of(company)
