"""Answer the kernel's question for tenants (see `tessera.context.Directory`)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connections
from tessera.context import TenantRef, current
from tessera.module import modules

from tenants.epoch import remember
from tenants.models import Installation, SchemaScript, Tenant

SERVED = (Installation.State.ON, Installation.State.UPGRADING)  # an upgrade is one transaction: it serves till then
_FIND = """
SELECT id, schema_name, name, slug, time_zone, language, tier, access = %s,
       ARRAY(SELECT module FROM tenants_installation WHERE tenant_id = t.id AND state = ANY(%s))
FROM tenants_tenant t WHERE id = %s AND state = %s
"""


def tenant_here() -> Tenant:
    """Return the row of the tenant in force."""
    return Tenant.objects.get(pk=current().tenant.id)


def modules_on(tenant: Tenant) -> frozenset[str]:
    """Return the labels of the modules that are on in a tenant."""
    on = tenant.installations.filter(state__in=SERVED)
    return frozenset(on.values_list("module", flat=True)).intersection(modules())


def find(tenant_id: UUID) -> tuple[TenantRef, frozenset[str]]:
    """Return a tenant that may work, with its modules; raise LookupError otherwise.

    Every background task asks this first, so it is remembered, and one statement, written out.
    """
    found = remember(tenant_id, lambda: _look_up(tenant_id))
    if found is None:
        raise LookupError(f"no active tenant {tenant_id}")
    return found


def _look_up(tenant_id: UUID) -> tuple[TenantRef, frozenset[str]] | None:
    with connections["shared"].cursor() as cursor:
        cursor.execute(_FIND, [Tenant.Access.READ_ONLY, list(SERVED), tenant_id, Tenant.State.ACTIVE])
        row = cursor.fetchone()
    return row and (TenantRef(*row[:-1]), frozenset(row[-1]).intersection(modules()))


def active() -> Iterator[tuple[TenantRef, frozenset[str]]]:
    """Yield every tenant that may work, with its modules."""
    for tenant in Tenant.objects.filter(state=Tenant.State.ACTIVE).prefetch_related("installations"):
        on = (i.module for i in tenant.installations.all() if i.state in SERVED)
        yield tenant.ref(), frozenset(on).intersection(modules())


def load_scripts(digests: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the recorded scripts of these digests, those that exist."""
    return dict(SchemaScript.objects.filter(digest__in=digests).values_list("digest", "steps"))


def save_scripts(scripts: dict[str, list[dict[str, Any]]]) -> None:
    """Keep recorded scripts for other processes; what another one kept already stays."""
    rows = [SchemaScript(digest=digest, steps=steps) for digest, steps in scripts.items()]
    SchemaScript.objects.bulk_create(rows, ignore_conflicts=True)
