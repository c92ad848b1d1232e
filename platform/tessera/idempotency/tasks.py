"""Forgetting, by the clock."""

from datetime import timedelta

from django.utils import timezone

from tessera.idempotency.services import MOST, forget_keys
from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import unit_of_work

KEPT = timedelta(days=2)


@tenant_task(every=timedelta(hours=1))
def forget_old_keys() -> None:
    """Forget keys that no client repeats any more; what is left of many waits behind other companies' turns."""
    with unit_of_work():
        if forget_keys(before=timezone.now() - KEPT) == MOST:
            enqueue(forget_old_keys)
