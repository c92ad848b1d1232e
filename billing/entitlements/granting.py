"""What a tenant may use becomes what is on in it: bought modules come on, what it may not use goes off, its data stays.

A module that it may use and did not ask for stays off; one that its people switched off stays off, though it is paid.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from tessera.context import enter, system
from tessera.errors import Refused
from tessera.module import modules
from tessera.tasks import enqueue

from billing.metering.tiers import tier_of
from billing.models import Entitlement
from tenants.installations.disabling import wish_off
from tenants.installations.enabling import wish_on
from tenants.installations.mirror import State
from tenants.models import Installation, Tenant
from tenants.provisioning import set_access, set_state, set_tier
from tenants.tasks import finish_switching

BILLING = system("billing")
CLOSED = (Entitlement.Access.SUSPENDED, Entitlement.Access.ARCHIVED)
COMING_OR_ON = (State.ENABLING, State.ON, State.UPGRADING)
AGAIN = timedelta(minutes=1)  # what is just being switched cannot be switched otherwise


def give(*, tenant: Tenant, entitlement: Entitlement, new: frozenset[str], now: datetime) -> None:
    """Wish on what was newly bought, wish off what may not be used, open or close the tenant; in the transaction in force.

    What cannot be wished now is tried again soon: the entitlement's `recheck_at` says when.
    """
    if tenant.state == Tenant.State.DELETED:
        return
    states = _states(tenant)
    on = {label for label, (state, _) in states.items() if state in COMING_OR_ON}
    asked = frozenset(label for label in entitlement.bought if label in modules() and (label in new or label in on))
    is_refused = False
    if not asked <= {label for label in on if states[label][1]}:
        is_refused = not _try(partial(wish_on, tenant, asked, BILLING))
    for label in reversed(modules()):
        if label not in entitlement.modules and states.get(label, ("", False))[0] in (*COMING_OR_ON, State.FAILED):
            is_refused |= not _try(partial(wish_off, tenant, label, BILLING))
            states = _states(tenant)
    _measure_out(tenant, entitlement)
    is_settled = _open_or_close(tenant, entitlement)
    if is_refused or not is_settled:
        soon = now + AGAIN
        entitlement.recheck_at = min(soon, entitlement.recheck_at or soon)
    if any(state in (State.ENABLING, State.DISABLING) for state, _ in _states(tenant).values()):
        transaction.on_commit(lambda: _finish(tenant), using="shared")


def _states(tenant: Tenant) -> dict[str, tuple[str, bool]]:
    """Return the state of each module, and whether it was asked for by name: what is only needed by another goes with it."""
    rows = Installation.objects.filter(tenant=tenant).values_list("module", "state", "requested")
    return {label: (state, requested) for label, state, requested in rows}


def _try(wish: Callable[[], object]) -> bool:
    """Wish, and say whether it could be: what is just being switched cannot be switched otherwise."""
    try:
        wish()
    except Refused:
        return False
    return True


def _measure_out(tenant: Tenant, entitlement: Entitlement) -> None:
    """Give the tenant the budget of its plan, and let it write or only read."""
    if tenant.tier != (tier := tier_of(entitlement)):
        set_tier(tenant=tenant, tier=tier)
    access = Tenant.Access.READ_ONLY if entitlement.access == Entitlement.Access.READ_ONLY else Tenant.Access.FULL
    if tenant.access != access:
        set_access(tenant=tenant, access=access)


def _open_or_close(tenant: Tenant, entitlement: Entitlement) -> bool:
    """Close the tenant that may not be used, open the one that billing closed; say whether it is so."""
    if entitlement.access in CLOSED:
        if tenant.state == Tenant.State.ACTIVE:
            set_state(tenant=tenant, state=Tenant.State.SUSPENDED)
            entitlement.is_withheld = True
        return tenant.state != Tenant.State.FENCED
    if entitlement.is_withheld and tenant.state == Tenant.State.SUSPENDED:
        set_state(tenant=tenant, state=Tenant.State.ACTIVE)
    entitlement.is_withheld = False
    return True


def _finish(tenant: Tenant) -> None:
    with enter(tenant.ref(), actor=BILLING, modules=frozenset()):
        enqueue(finish_switching)
