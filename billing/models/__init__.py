"""What is known of who pays, in the public schema: one file a concept."""

from billing.models.checkouts import Checkout
from billing.models.choices import PlanChoice
from billing.models.closing import Closing, Letter
from billing.models.customers import Customer
from billing.models.entitlements import Entitlement, Setback
from billing.models.events import QuarantinedEvent, StripeEvent
from billing.models.favours import ModuleGrant, TrialExtension
from billing.models.instructions import Instruction
from billing.models.invoices import Dispute, Invoice
from billing.models.partners import Partner, PartnerLine, PartnerPerson, SharedInvoice
from billing.models.spending import SpendCap
from billing.models.statements import PartnerStatement, Payout, StatementEntry
from billing.models.subscriptions import Subscription, SubscriptionDiscount, SubscriptionItem
from billing.models.usage import UsageReport

__all__ = [
    "Checkout",
    "Closing",
    "Customer",
    "Dispute",
    "Entitlement",
    "Instruction",
    "Invoice",
    "Letter",
    "ModuleGrant",
    "Partner",
    "PartnerLine",
    "PartnerPerson",
    "PartnerStatement",
    "Payout",
    "PlanChoice",
    "QuarantinedEvent",
    "Setback",
    "SharedInvoice",
    "SpendCap",
    "StatementEntry",
    "StripeEvent",
    "Subscription",
    "SubscriptionDiscount",
    "SubscriptionItem",
    "TrialExtension",
    "UsageReport",
]
