"""Forgetting, by the clock."""

from datetime import timedelta

from django.utils import timezone

from tessera.files.services.keeping import MOST, discard_expired
from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import unit_of_work


@tenant_task(every=timedelta(hours=1))
def discard_expired_files() -> None:
    """Discard files that nobody used in time, and results that were kept long enough; what is left of many waits its turn."""
    with unit_of_work():
        if discard_expired(before=timezone.now()) == MOST:
            enqueue(discard_expired_files)
