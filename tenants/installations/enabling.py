"""Switch modules on in a tenant, and bring what it has up to the versions of this process."""

from collections.abc import Iterable

from tessera.access.services import propose_roles
from tessera.context import Actor, current, enter
from tessera.db.installer import mark, replay
from tessera.db.scripts import Script
from tessera.installation.models import InstalledModule
from tessera.module import modules

from tenants.installations.mirror import State, closed, deed, move, note_kernel, on_in, refuse_in_unit, row_of, truth, wishes
from tenants.models import Tenant


def enable_modules(*, tenant: Tenant, modules: Iterable[str], actor: Actor | None = None) -> frozenset[str]:
    """Switch on modules with all they depend on; return the labels that are on now.

    Retrying is safe at any point. Raises Refused NOT_FOUND for a name that is no module, STATE for
    one that is just being switched off or purged; a failure leaves FAILED and its reason.
    """
    refuse_in_unit()
    asked = frozenset(modules)
    new = wish_on(tenant, asked, actor)
    return bring_up(tenant, closed(asked), changed=new, act="enable", actor=actor)


def wish_on(tenant: Tenant, asked: frozenset[str], actor: Actor | None) -> frozenset[str]:
    """Wish modules on, with all they depend on; return those that are not on yet."""
    wanted = closed(asked)
    with wishes(tenant) as rows:
        for label in sorted(wanted):
            row = row_of(rows, tenant, label)
            row.requested = row.requested or label in asked
            if row.state not in (State.ON, State.UPGRADING):
                move(row, State.ENABLING, by=actor)
        return wanted - on_in(rows)


def upgrade_tenant(*, tenant: Tenant, actor: Actor | None = None) -> frozenset[str]:
    """Bring a tenant's tables and modules to the versions of this process; return the labels that are on.

    A failure leaves the modules FAILED and the tenant fenced: nobody works on tables that do not
    fit the code. A retry that ends well opens it again.
    """
    refuse_in_unit()
    with wishes(tenant) as rows:
        on = on_in(rows)
        failed = frozenset(label for label, row in rows.items() if row.state == State.FAILED)
        back = failed & frozenset(label for label, row in truth(tenant).items() if row.state == InstalledModule.State.ON)
        acted = closed((on | back) & known())
        for label in sorted(acted):
            row = row_of(rows, tenant, label)
            move(row, State.UPGRADING if row.state in (State.ON, State.UPGRADING, State.FAILED) else State.ENABLING)
    try:
        bring_up(tenant, acted, changed=acted, act="upgrade", actor=actor)
    except Exception:
        _fence(tenant, Tenant.State.ACTIVE, Tenant.State.FENCED)
        raise
    _fence(tenant, Tenant.State.FENCED, Tenant.State.ACTIVE)
    return acted


def _fence(tenant: Tenant, before: str, after: str) -> None:
    with wishes(tenant):
        Tenant.objects.filter(pk=tenant.pk, state=before).update(state=after)
    tenant.refresh_from_db(fields=["state"])


def known() -> frozenset[str]:
    """Return the labels of the modules that this process has."""
    return frozenset(modules())


def bring_up(tenant: Tenant, wanted: frozenset[str], *, changed: frozenset[str], act: str, actor: Actor | None) -> frozenset[str]:
    """Do the deed: tables of what is on or comes on and of what is off but there, hooks, rows; then mirror it.

    Returns what is on then.
    """
    there = frozenset(truth(tenant)) & known()
    tables = (wanted | there) & known()
    with deed(tenant, changed, act, actor, also=there, tables=tables) as scripts:
        on = settle(wanted, scripts, tables)
    note_kernel(tenant)
    return on


def settle(wanted: frozenset[str], scripts: list[Script], tables: frozenset[str]) -> frozenset[str]:
    """Give the tenant in force `scripts`, those of the modules `tables`, and have `wanted` on beside what is on; return all that is.

    What is on is asked here, under the tenant's lock: when `wanted` was wished it may have been something else.
    """
    replay(scripts)
    context = current()
    rows = {row.label: row for row in InstalledModule.objects.all()}
    on = wanted | {label for label, row in rows.items() if row.state == InstalledModule.State.ON}
    fresh = [
        label for label in modules() if label in on and not (label in rows and rows[label].state == InstalledModule.State.ON)
    ]
    with enter(context.tenant, actor=context.actor, modules=on, request_id=context.request_id):
        for label, module in modules().items():
            if label not in on & tables:
                continue
            if label in rows and rows[label].module_version != module.version:
                module.on_upgrade(context.tenant, rows[label].module_version)
            if label in fresh:
                module.on_enable(context.tenant)
        mark(
            {
                label: InstalledModule.State.ON if label in on else rows[label].state
                for label in tables
                if label in on or label in rows
            }
        )
        propose_roles(modules=[modules()[label] for label in fresh])
    return on
