"""Limits that a document may be over, and the right or approval that it then needs."""

from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, current, round_money

from modules.base.api import PartyRole, lock_credit_account, open_receivables, role_of, unbilled_orders
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.models.selling import SellingDocument

ZERO = Decimal(0)
OVER_DISCOUNT = "orders.quote_over_discount"
ORDER_OVER_DISCOUNT = "orders.sales_order_over_discount"
OVER_LIMIT = "orders.sales_order_over_limit"
OVER_CREDIT = "orders.sales_order_over_credit"


def over_discount(document: SellingDocument, permission: str) -> list[str]:
    """Return the right that the document's discounts ask for, if any."""
    return [permission] if document.largest_discount() > document.company.discount_limit else []


def limits_of(order: SalesOrder) -> list[str]:
    """Return the rights that an order asks for before it takes effect, credit aside."""
    needed = []
    amount = round_money(order.gross_total * order.rate, order.company.currency)
    if order.company.order_limit is not None and amount > order.company.order_limit:
        needed.append(OVER_LIMIT)
    agreed = order.quote is not None and order.largest_discount() <= order.quote.largest_discount()
    if not agreed:
        needed += over_discount(order, ORDER_OVER_DISCOUNT)
    return needed


def one_of(needed: list[str]) -> str:
    """Return the right to be asked for: the first that the actor has not, so that none is passed over.

    A gate's approval is of the whole content and stands for all of them.
    """
    may = current().actor.may
    return next((each for each in needed if not may(each)), needed[0] if needed else "")


def customer_of(order: SalesOrder) -> PartyRole | None:
    """Return what the customer of an order is to the company."""
    return role_of(party=order.party_id, company=order.company_id, role=PartyRole.Role.CUSTOMER)


def over_credit(customer: PartyRole | None, more: Decimal = ZERO) -> bool:
    """Say whether what a customer owes and will owe, with `more` in company currency, is over the credit limit."""
    return (
        customer is not None
        and customer.credit_limit is not None
        and exposure(customer.party_id, customer.company_id) + more > customer.credit_limit
    )


def exposure(party: UUID, company: UUID) -> Decimal:
    """Return open receivables and confirmed orders not yet invoiced, in company currency."""
    return open_receivables(party=party, company=company) + unbilled_orders(party=party, company=company)


def check_credit(customer: PartyRole | None, *, passed: bool) -> None:
    """Check the credit limit under the lock of the credit account, once an order counts in the exposure.

    `passed` says that the gates let it be over: it was seen to be over when they were asked. Two orders
    that each fit alone meet here; the second one is refused and asks again. Where there is no limit
    there is nothing to wait for.
    """
    if customer is None or customer.credit_limit is None or passed or current().actor.may(OVER_CREDIT):
        return
    if over_credit(lock_credit_account(party=customer.party_id, company=customer.company_id)):
        raise Refused("LIMIT", _("This is beyond the customer's credit limit."), "party")


def refuse_blocked(customer: PartyRole | None) -> None:
    """Refuse an order of a customer that is blocked."""
    if customer is not None and customer.blocked:
        raise Refused("STATE", _("This customer is blocked."), "party")
