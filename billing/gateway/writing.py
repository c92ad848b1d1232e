"""What is written at Stripe. Each call has an idempotency key of our own row, so that a second one does nothing more."""

from uuid import UUID

import stripe
from stripe.params import CustomerCreateParams, InvoiceFinalizeInvoiceParams, SubscriptionCancelParams

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import TENANT


def create_customer(*, key: UUID, tenant: UUID, name: str, email: str) -> tuple[str, bool]:
    """Make the customer of a tenant; return its key and whether it is a live one."""
    asked: CustomerCreateParams = {"name": name, "email": email, "metadata": {TENANT: str(tenant)}}
    with asking():
        made = stripe_client().v1.customers.create(asked, {"idempotency_key": f"customer-{key}"})
    return made.id, made.livemode


def cancel_duplicate(subscription: str) -> None:
    """End a subscription at once that one checkout made beside another; what was paid for it goes to the customer's credit."""
    asked: SubscriptionCancelParams = {"invoice_now": True, "prorate": True}
    with asking():
        try:
            stripe_client().v1.subscriptions.cancel(subscription, asked, {"idempotency_key": f"duplicate-{subscription}"})
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":  # somebody else has ended it
                raise


def finalize_invoice(invoice: str) -> None:
    """Have an invoice that is a draft collected like any other."""
    asked: InvoiceFinalizeInvoiceParams = {"auto_advance": True}
    with asking():
        try:
            stripe_client().v1.invoices.finalize_invoice(invoice, asked, {"idempotency_key": f"finalize-{invoice}"})
        except stripe.InvalidRequestError:
            if stripe_client().v1.invoices.retrieve(invoice).status == "draft":  # else somebody was faster
                raise
