"""Clocks and likenesses of leads."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone
from tessera.api import visible_rows

from modules.base.api import Party, find_duplicates
from modules.crm.sales.models import Lead


@dataclass(frozen=True)
class LeadDuplicate:
    """A party that looks like a lead, and by what."""

    party: Party
    reason: str


def lead_duplicates(*, lead: Lead) -> list[LeadDuplicate]:
    """Warn, before a lead is converted, of parties that look like it: by e-mail, phone, then name."""
    found = find_duplicates(name=str(lead), email=lead.email, phone=lead.phone, among=visible_rows(Party))
    return [LeadDuplicate(party=each.party, reason=each.reason) for each in found]


def leads_overdue(*, ids: list[UUID]) -> dict[UUID, bool]:
    """Return, per lead, whether its first response is late (or came late)."""
    late = Q(first_response_at__isnull=True, sla_due_at__lt=timezone.now()) | Q(first_response_at__gt=F("sla_due_at"))
    overdue = set(Lead.objects.filter(late, pk__in=ids).values_list("pk", flat=True))
    return {key: key in overdue for key in ids}
