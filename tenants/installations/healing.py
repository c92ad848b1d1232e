"""Heal a tenant whose switching was cut short: finish the wish, then make the mirror true."""

from tenants.installations.disabling import switch_off
from tenants.installations.enabling import bring_up, upgrade_tenant
from tenants.installations.mirror import ACTS, State, closed, on_in, reflect, truth, wishes
from tenants.installations.purging import take_out
from tenants.models import Tenant


def reconcile_tenant(*, tenant: Tenant) -> dict[str, str]:
    """Finish what was begun and correct the mirror; return the state of each module.

    What failed stays failed: its retry is a decision. Safe at any time, also while somebody
    else switches: the tenant's lock orders the deeds, and a deed done is not done twice.
    """
    with wishes(tenant) as rows:
        begun = {act: frozenset(label for label, row in rows.items() if row.state == act) for act in ACTS}
        on = on_in(rows)
    if begun[State.PURGING]:
        for label in sorted(begun[State.PURGING]):
            take_out(tenant, label)
    if begun[State.DISABLING]:
        switch_off(tenant, begun[State.DISABLING])
    if begun[State.UPGRADING]:
        upgrade_tenant(tenant=tenant)
    if begun[State.ENABLING]:
        wanted = closed(begun[State.ENABLING])
        bring_up(tenant, on | wanted, changed=wanted, act="enable", actor=None)
    true = truth(tenant)
    with wishes(tenant) as rows:
        failed = {label for label, row in rows.items() if row.state == State.FAILED}
        missing = {label for label, row in rows.items() if row.state not in (State.ABSENT, *ACTS)} | true.keys()
    reflect(tenant, missing - failed)
    with wishes(tenant) as rows:
        return {label: str(row.state) for label, row in rows.items()}
