"""What service begins with."""

from tessera.api import service

from modules.crm.service.models import SlaPolicy

LEVELS = (("low", 48, 240), ("normal", 24, 120), ("high", 8, 48), ("urgent", 2, 12))


@service()
def seed_service() -> None:
    """Add the service levels that are not there; enabling again changes nothing."""
    known = set(SlaPolicy.objects.values_list("priority", flat=True))
    for priority, response, resolve in LEVELS:
        if priority not in known:
            SlaPolicy(priority=priority, response_hours=response, resolve_hours=resolve).save()
