"""Forgetting, by the clock."""

from datetime import timedelta

from django.utils import timezone

from tessera.access.services.tokens import MOST, forget_tokens
from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import unit_of_work

KEPT = timedelta(days=90)


@tenant_task(every=timedelta(days=1))
def forget_dead_tokens() -> None:
    """Forget tokens that ended long ago; what is left of many waits behind other companies' turns."""
    with unit_of_work():
        if forget_tokens(before=timezone.now() - KEPT) == MOST:
            enqueue(forget_dead_tokens)
