"""Answer what is asked about what a tenant may switch on (see `tenants.entitlement`)."""

from collections.abc import Iterable

from django.utils import timezone

from billing.explaining import said
from billing.gateway.client import is_billing_on
from billing.reckoning import reckon
from tenants.models import Tenant


def refusals(tenant: Tenant, labels: Iterable[str]) -> dict[str, str]:
    """Return why a tenant may not use modules, by label; those that it may use are not in it."""
    if not is_billing_on():
        return {}
    found = reckon(tenant, timezone.now())
    return {label: " ".join(map(said, found.explain(label))) for label in sorted(set(labels) - found.modules)}
