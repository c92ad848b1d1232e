"""What service does by itself."""

from datetime import timedelta

from tessera.api import tenant_task

from modules.crm.service.services import expire_surveys


@tenant_task(module="service", every=timedelta(hours=1))
def end_late_surveys() -> None:
    """Expire surveys that nobody answered in time."""
    expire_surveys()
