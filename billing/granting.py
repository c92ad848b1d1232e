"""What a tenant may use becomes what is on in it: bought modules come on, what it may not use goes off, its data stays.

A module that it may use and did not ask for stays off; one that its people switched off stays off, though it is paid.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from tessera.context import enter, system
from tessera.errors import Refused
from tessera.module import modules
from tessera.tasks import enqueue

from billing.models import Entitlement
from tenants.installations.disabling import wish_off
from tenants.installations.enabling import wish_on
from tenants.installations.mirror import State
from tenants.models import Installation, Tenant
from tenants.provisioning import set_state
from tenants.tasks import finish_switching

BILLING = system("billing")
CLOSED = (Entitlement.Access.SUSPENDED, Entitlement.Access.ARCHIVED)
COMING_OR_ON = (State.ENABLING, State.ON, State.UPGRADING)
AGAIN = timedelta(minutes=1)  # what is just being switched cannot be switched otherwise


def give(*, tenant: Tenant, entitlement: Entitlement, new: frozenset[str], now: datetime) -> None:
    """Wish on what was newly bought, wish off what may not be used, open or close the tenant; in the transaction in force.

    What cannot be wished now is tried again soon: the entitlement's `recheck_at` says when.
    """
    allowed, installed = frozenset(entitlement.modules), modules()
    on = _labels(tenant, COMING_OR_ON)
    asked = frozenset(label for label in entitlement.bought if label in installed and (label in new or label in on))
    refused = [] if asked <= on and _asked_for(tenant, asked) else _try(partial(wish_on, tenant, asked, BILLING))
    for label in reversed(installed):
        if label not in allowed and label in _labels(tenant, (*COMING_OR_ON, State.FAILED)):
            refused += _try(partial(wish_off, tenant, label, BILLING))
    is_settled = _open_or_close(tenant, entitlement)
    if refused or not is_settled:
        soon = now + AGAIN
        entitlement.recheck_at = min(soon, entitlement.recheck_at or soon)
    if Installation.objects.filter(tenant=tenant, state__in=(State.ENABLING, State.DISABLING)).exists():
        transaction.on_commit(lambda: _finish(tenant), using="shared")


def _labels(tenant: Tenant, states: Iterable[str]) -> frozenset[str]:
    return frozenset(Installation.objects.filter(tenant=tenant, state__in=states).values_list("module", flat=True))


def _asked_for(tenant: Tenant, labels: frozenset[str]) -> bool:
    """Say whether each module was asked for by name: what is only needed by another goes with it."""
    return Installation.objects.filter(tenant=tenant, module__in=labels, requested=True).count() == len(labels)


def _try(wish: Callable[[], object]) -> list[str]:
    """Wish, and return why it was refused, if it was."""
    try:
        wish()
    except Refused as refused:
        return [str(refused)]
    return []


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
