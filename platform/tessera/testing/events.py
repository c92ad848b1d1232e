"""Run in a test what the relay and the workers would: every delivery, here and now."""

from typing import Any

from django.utils import timezone

from tessera.context import current_or_none, directory, enter, system
from tessera.outbox.delivery import lease_due, run_delivery
from tessera.outbox.models import Delivery
from tessera.unit_of_work import unit_of_work

TOO_MANY = 5_000


def _place(tenant: Any) -> tuple[Any, frozenset[str]]:
    here = current_or_none()
    if here is not None and (tenant is None or tenant.id == here.tenant.id):
        return here.tenant, here.modules
    if tenant is None:
        raise ValueError("enter a tenant, or name one")
    return directory().find(tenant.id)


def drain(tenant: Any = None) -> int:
    """Tell every waiting fact of a tenant to its handlers until nothing is due; return how many.

    Without a tenant it is the one that is entered, with the modules it was entered with. What a
    handler raises comes out here. Works inside a rolled back transaction too.
    """
    found, modules = _place(tenant)
    told = 0
    with enter(found, actor=system("drain"), modules=modules):
        while leased := lease_due(50):
            for delivery in leased:
                run_delivery(delivery)
            told += len(leased)
            if told > TOO_MANY:
                raise RuntimeError(f"{told} deliveries and no end: do two handlers call each other for ever?")
    return told


def tell_again(tenant: Any = None) -> int:
    """Tell every fact that was told already once more, as a lost acknowledgement would; return how many.

    A handler that leaves a second effect behind is not idempotent.
    """
    found, modules = _place(tenant)
    with enter(found, actor=system("tell again"), modules=modules):
        with unit_of_work():
            told = Delivery.objects.filter(state=Delivery.State.DONE)
            told.update_unaudited(state=Delivery.State.PENDING, attempts=0, due_at=timezone.now())
        return drain()
