"""Clocks of tickets."""

from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from modules.crm.service.models import Ticket


def tickets_overdue(*, ids: list[UUID]) -> dict[UUID, bool]:
    """Return, per ticket, whether its first response or its solution is (or came) late."""
    now = timezone.now()
    late = (
        Q(first_response_at__isnull=True, response_due_at__lt=now)
        | Q(first_response_at__gt=F("response_due_at"))
        | Q(resolved_at__isnull=True, resolve_due_at__lt=now)
        | Q(resolved_at__gt=F("resolve_due_at"))
    )
    overdue = set(Ticket.objects.filter(late, pk__in=ids).values_list("pk", flat=True))
    return {key: key in overdue for key in ids}
