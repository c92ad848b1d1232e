"""Bulk operations in the background: a slice at a time, so that no company holds a worker for long."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings

from tessera.bulk.services.leases import send_for
from tessera.bulk.services.running import run_slice
from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import unit_of_work


@tenant_task(every=timedelta(seconds=2.5 * settings.TESSERA_BULK_LEASE))
def start_operations() -> None:
    """Send for the operations that may run now: those that wait for a place, and those whose worker died."""
    with unit_of_work():
        for operation in send_for():
            enqueue(run_operation, operation=str(operation))


@tenant_task()
def run_operation(*, operation: str) -> None:
    """Run a slice of an operation, and see what is next: its own next slice, or another one that waited."""
    if run_slice(UUID(operation)):
        start_operations.run()
