"""Questions about machines and days."""

from calendar import monthrange
from datetime import date
from uuid import UUID

from tessera.api import current

from acme_maintenance.models import AcmeMachine


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last of that month where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def machines_under_warranty(*, ids: list[UUID]) -> dict[UUID, bool]:
    """Return, per machine, whether its warranty holds today, where the tenant is."""
    covered = AcmeMachine.objects.filter(pk__in=ids, warranty_until__gte=current().tenant.today)
    held = set(covered.values_list("pk", flat=True))
    return {key: key in held for key in ids}
