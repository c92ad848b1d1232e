"""Events that must have no effect: kept with the reason, listed, and released by a person who knows better."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.models import StripeEvent


class Quarantined(Exception):
    """Raised for an event that must have no effect; its text says why."""


def quarantine_event(event: StripeEvent, why: str) -> None:
    """Put an event aside; what another process has made of it meanwhile stays."""
    waiting = StripeEvent.objects.filter(pk=event.pk, state=StripeEvent.State.RECEIVED)
    waiting.update(state=StripeEvent.State.QUARANTINED, why=why[:1000])


def release_event(*, event_id: str) -> StripeEvent:
    """Have an event of the quarantine processed again: whether it stays out is asked anew. Refused: NOT_FOUND."""
    from billing.tasks import send_event

    with transaction.atomic(using="shared"):
        event = StripeEvent.objects.select_for_update().filter(event_id=event_id, state=StripeEvent.State.QUARANTINED).first()
        if event is None:
            raise Refused("NOT_FOUND", _("There is no event %(id)s in the quarantine.") % {"id": event_id}, "event_id")
        event.state, event.why, event.attempts, event.due_at = StripeEvent.State.RECEIVED, "", 0, timezone.now()
        event.save()
        transaction.on_commit(lambda: send_event(event.pk), using="shared")
    return event
