"""What stock does by itself."""

from datetime import timedelta

from tessera.api import tenant_task

from modules.scm.stock.services import free_expired


@tenant_task(module="stock", every=timedelta(minutes=15))
def free_expired_reservations() -> None:
    """Let go of goods that were set aside for a time that is over."""
    free_expired()
