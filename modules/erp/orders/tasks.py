"""What orders do by themselves."""

from datetime import timedelta

from tessera.api import tenant_task

from modules.erp.orders.services import expire_quotes


@tenant_task(module="orders", every=timedelta(hours=1))
def end_late_quotes() -> None:
    """Expire quotes whose validity is over; hourly, because midnight is another hour in each company."""
    expire_quotes()
