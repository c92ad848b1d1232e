"""Answer what is asked about what a tenant may switch on (see `tenants.entitlement`)."""

from collections.abc import Iterable

from django.utils import timezone

from billing.entitlements.explaining import said
from billing.entitlements.reckoning import reckon
from billing.gateway.client import is_billing_on
from billing.selectors.offers import offer_details
from tenants.entitlement import NotEntitled
from tenants.models import Tenant


def refusals(tenant: Tenant, labels: Iterable[str]) -> dict[str, NotEntitled]:
    """Return why a tenant may not use modules and what it could buy for them, by label; those that it may use are not in it."""
    if not is_billing_on():
        return {}
    found = reckon(tenant, timezone.now())
    return {
        label: NotEntitled(" ".join(map(said, found.explain(label))), offer_details(tenant, label))
        for label in sorted(set(labels) - found.modules)
    }
