"""The worker's side of the outbox."""

import logging
from uuid import UUID

from tessera.outbox.delivery import note_failure, run_delivery
from tessera.tasks import tenant_task

_log = logging.getLogger(__name__)


@tenant_task(acks_late=False)
def deliver(*, delivery_id: str) -> None:
    """Tell one handler one fact; the lease, not the broker, sends it again when this gets lost."""
    delivery = UUID(delivery_id)
    try:
        run_delivery(delivery)
    except Exception as error:
        _log.exception("delivery %s failed", delivery)
        note_failure(delivery, error)
