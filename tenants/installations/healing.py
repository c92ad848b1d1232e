"""Heal a tenant whose switching was cut short: finish the wish, then make the mirror true."""

from collections.abc import Callable
from uuid import UUID

from tessera.context import Actor

from tenants.installations.disabling import switch_off
from tenants.installations.enabling import bring_up, upgrade_tenant
from tenants.installations.mirror import ACTS, State, closed, reflect, refuse_in_unit, truth, wishes
from tenants.installations.purging import take_out
from tenants.models import Tenant

Finish = Callable[[Tenant, frozenset[str], Actor], object]
FINISH: dict[str, Finish] = {  # in this order: what goes makes room for what comes
    State.PURGING: lambda tenant, labels, actor: [take_out(tenant, label, actor=actor) for label in sorted(labels)],
    State.DISABLING: lambda tenant, labels, actor: switch_off(tenant, labels, actor=actor),
    State.UPGRADING: lambda tenant, labels, actor: upgrade_tenant(tenant=tenant, actor=actor),
    State.ENABLING: lambda tenant, labels, actor: bring_up(tenant, closed(labels), changed=labels, act="enable", actor=actor),
}


def reconcile_tenant(*, tenant: Tenant) -> dict[str, str]:
    """Finish what was begun and correct the mirror; return the state of each module.

    What failed stays failed: its retry is a decision. Safe at any time, also while somebody
    else switches: the tenant's lock orders the deeds, and a deed done is not done twice. A deed
    that fails keeps none of the others back; it is raised when they are done.
    """
    refuse_in_unit()
    failure: Exception | None = None
    for act, actor, labels in _begun(tenant):
        try:
            FINISH[act](tenant, labels, actor)
        except Exception as error:
            failure = failure or error
    with wishes(tenant) as rows:
        there = {label for label, row in rows.items() if row.state != State.ABSENT}
    reflect(tenant, (), also=there | truth(tenant).keys())
    if failure:
        raise failure
    with wishes(tenant) as rows:
        return {label: str(row.state) for label, row in rows.items()}


def _begun(tenant: Tenant) -> list[tuple[str, Actor, frozenset[str]]]:
    """Return each act that was wished and not finished: what, in whose name, and of which modules."""
    found: dict[tuple[str, UUID | None, str], set[str]] = {}
    with wishes(tenant) as rows:
        for label, row in rows.items():
            if row.state in ACTS:
                found.setdefault((row.state, row.asked_by, row.asked_by_name or row.state), set()).add(label)
    return [
        (act, Actor(kind="system", member_id=asked_by, name=name), frozenset(labels))
        for act in FINISH
        for (state, asked_by, name), labels in found.items()
        if state == act
    ]
