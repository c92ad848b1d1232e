"""Bring all tenants to the code that runs: one query when there is nothing to do, resumable, one tenant's fault its own."""

import logging
from collections.abc import Callable

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


def upgrade_all(
    *, canary: str = "", limit: int | None = None, tell: Callable[[Tenant, Exception | None], None] = lambda *_: None
) -> tuple[int, int]:
    """Upgrade stale tenants, the one with the slug `canary` first; return how many went well and how many failed.

    A tenant that fails is fenced and left for a retry; only a failing canary stops the rest. A
    killed run is resumed by the next: what is done is not stale any more.
    """
    tenants = list(stale_tenants()[:limit])
    tenants.sort(key=lambda tenant: tenant.slug != canary)
    well = failed = 0
    for tenant in tenants:
        try:
            upgrade_tenant(tenant=tenant)
        except Exception as error:
            _log.exception("tenant %s could not be upgraded and is fenced", tenant.id)
            failed += 1
            tell(tenant, error)
            if tenant.slug == canary:
                break
        else:
            well += 1
            tell(tenant, None)
    return well, failed
