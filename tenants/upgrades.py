"""Bring all tenants to the code that runs: one query when there is nothing to do, resumable, one tenant's fault its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from tessera.db.scripts import fingerprint_of, kernel_fingerprint
from tessera.module import modules

from tenants.installations import upgrade_tenant
from tenants.models import Installation, Tenant

_log = logging.getLogger(__name__)


def stale_tenants() -> QuerySet[Tenant]:
    """Return the tenants whose tables or modules are not those of this process; one query."""
    current = [fingerprint_of(label) for label in modules()]
    behind = Installation.objects.filter(tenant=OuterRef("pk"), module__in=list(modules()))
    behind = behind.exclude(state=Installation.State.ABSENT).exclude(fingerprint="").exclude(fingerprint__in=current)
    working = Tenant.objects.exclude(state__in=[Tenant.State.PREPARING, Tenant.State.DELETED])
    return working.filter(~Q(fingerprint=kernel_fingerprint()) | Q(Exists(behind))).order_by("created_at")


@dataclass(frozen=True)
class Upgraded:
    """One tenant of a run is done: the `place`th `of` all; `error` says why it is fenced instead."""

    tenant: Tenant
    place: int
    of: int
    error: Exception | None = None


def upgrade_all(
    *, canary: str = "", limit: int | None = None, tell: Callable[[Upgraded], None] = lambda _: None
) -> tuple[int, int]:
    """Upgrade stale tenants, the one with the slug `canary` first; return how many went well and how many failed.

    A tenant that fails is fenced and left for a retry; only a failing canary stops the rest. A
    killed run is resumed by the next: what is done is not stale any more. Several runs may go side
    by side: each asks again before a tenant whether it still is.
    """
    tenants = list(stale_tenants()[:limit])
    if canary and canary not in {tenant.slug for tenant in tenants}:
        _log.info("the canary %s is up to date already, or beyond the limit", canary)
    tenants.sort(key=lambda tenant: tenant.slug != canary)
    well = failed = 0
    for place, tenant in enumerate(tenants, 1):
        if not stale_tenants().filter(pk=tenant.pk).exists():
            continue
        try:
            upgrade_tenant(tenant=tenant)
        except Exception as error:
            _log.exception("tenant %s could not be upgraded and is fenced", tenant.id)
            failed += 1
            tell(Upgraded(tenant, place, len(tenants), error))
            if tenant.slug == canary:
                break
        else:
            well += 1
            tell(Upgraded(tenant, place, len(tenants)))
    return well, failed
