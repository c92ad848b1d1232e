"""Answer the kernel's question for tenants (see `tessera.context.Directory`)."""

from collections.abc import Iterator
from uuid import UUID

from tessera.context import TenantRef

from tenants.models import Installation, Tenant


def modules_on(tenant: Tenant) -> frozenset[str]:
    """Return the labels of the modules that are on in a tenant."""
    on = tenant.installations.filter(state=Installation.State.ON)
    return frozenset(on.values_list("module", flat=True))


def find(tenant_id: UUID) -> tuple[TenantRef, frozenset[str]]:
    """Return a tenant that may work, with its modules; raise LookupError otherwise."""
    tenant = Tenant.objects.filter(id=tenant_id, state=Tenant.State.ACTIVE).first()
    if tenant is None:
        raise LookupError(f"no active tenant {tenant_id}")
    return tenant.ref(), modules_on(tenant)


def active() -> Iterator[tuple[TenantRef, frozenset[str]]]:
    """Yield every tenant that may work, with its modules."""
    for tenant in Tenant.objects.filter(state=Tenant.State.ACTIVE).prefetch_related("installations"):
        on = (i.module for i in tenant.installations.all() if i.state == Installation.State.ON)
        yield tenant.ref(), frozenset(on)
