"""The right to see what the company has bought; its owner and administrators hold it, like every right."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS

ENTITLEMENT_VIEW = "billing.entitlement_view"

KERNEL_PERMISSIONS += [Permission(ENTITLEMENT_VIEW, _("See what was bought and what it gives"))]
