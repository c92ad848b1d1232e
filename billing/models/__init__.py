"""What is known of who pays, in the public schema: one file a concept."""

from billing.models.customers import Customer
from billing.models.entitlements import Entitlement
from billing.models.events import StripeEvent
from billing.models.favours import ModuleGrant, TrialExtension
from billing.models.invoices import Dispute, Invoice
from billing.models.subscriptions import Subscription, SubscriptionItem

__all__ = [
    "Customer",
    "Dispute",
    "Entitlement",
    "Invoice",
    "ModuleGrant",
    "StripeEvent",
    "Subscription",
    "SubscriptionItem",
    "TrialExtension",
]
