"""The rights about what the company buys; its owner and administrators hold them, like every right."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS

ENTITLEMENT_VIEW = "billing.entitlement_view"
BILLING_VIEW, BILLING_MANAGE = "billing.account_view", "billing.account_manage"
CAP_MANAGE = "billing.cap_manage"

KERNEL_PERMISSIONS += [
    Permission(ENTITLEMENT_VIEW, _("See what was bought and what it gives")),
    Permission(BILLING_VIEW, _("See the subscription, its invoices and its usage")),
    Permission(BILLING_MANAGE, _("Buy, change and end the subscription, and say who pays")),
    Permission(CAP_MANAGE, _("Set the most that is spent beside the plan")),
]
