"""Answer how much a company may use: what its plan includes, as it was last worked out (see `tessera.quotas`)."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone
from tessera.quotas import Limit, Meter

from billing.entitlements.reckoning import reckon
from billing.gateway.client import is_billing_on
from billing.models import Entitlement
from tenants.epoch import remember
from tenants.models import Tenant


def limits_of(tenant: UUID) -> Mapping[str, Limit] | None:
    """Return the limits of a company by meter, remembered until its entitlement changes; None where nothing is sold."""
    return remember(("limits", tenant), lambda: _look_up(tenant)) if is_billing_on() else None


def _look_up(tenant: UUID) -> dict[str, Limit]:
    row = Entitlement.objects.filter(tenant=tenant).only("seats", "quotas").first()
    if row is None:  # its trial, or billing has not looked at it yet
        found = reckon(Tenant.objects.get(pk=tenant), timezone.now())
        seats, quotas = found.seats, {name: Limit(quota.limit, quota.is_soft) for name, quota in found.quotas.items()}
    else:
        seats, quotas = row.seats, {name: Limit(quota["limit"], quota["is_soft"]) for name, quota in row.quotas.items()}
    return {**quotas, Meter.SEATS: Limit(seats)}
