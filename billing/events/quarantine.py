"""Events that must have no effect: kept with the reason, listed, and released by a person who knows better."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tessera.accounts.operators.rights import operator_right
from tessera.accounts.operators.services import COMMAND_LINE, Operator, record_act
from tessera.errors import Refused

from billing.models import StripeEvent

EVENT_RELEASE = operator_right(
    "billing.event_release", gettext_lazy("Release events from the quarantine, and process them again")
)


class Quarantined(Exception):
    """Raised for an event that must have no effect; its text says why."""


def quarantine_event(event: StripeEvent, why: str) -> None:
    """Put an event aside; what another process has made of it meanwhile stays."""
    waiting = StripeEvent.objects.filter(pk=event.pk, state=StripeEvent.State.RECEIVED)
    waiting.update(state=StripeEvent.State.QUARANTINED, why=why[:1000])


def release_event(*, event_id: str, by: Operator = COMMAND_LINE, reason: str = "") -> StripeEvent:
    """Have an event of the quarantine processed again: whether it stays out is asked anew.

    Refused: FORBIDDEN, REQUIRED for an operator who does not say why, NOT_FOUND, and STATE for one whose body was forgotten.
    """
    return _again(event_id, StripeEvent.State.QUARANTINED, by, "event.release", reason)


def process_again(*, event_id: str, by: Operator, reason: str = "") -> StripeEvent:
    """Have an event processed now that waits for its next try, or was processed already; refused as `release_event` is."""
    return _again(event_id, StripeEvent.State.RECEIVED, by, "event.again", reason, StripeEvent.State.DONE)


def _again(event_id: str, state: str, by: Operator, act: str, reason: str, *others: str) -> StripeEvent:
    from billing.tasks import send_event

    by.demand(EVENT_RELEASE)
    with transaction.atomic(using="shared"):
        event = StripeEvent.objects.select_for_update().filter(event_id=event_id, state__in=(state, *others)).first()
        if event is None:
            where = _("There is no event %(id)s in the quarantine.") if not others else _("There is no event %(id)s to process.")
            raise Refused("NOT_FOUND", where % {"id": event_id}, "event_id")
        if event.forgotten_at is not None:
            raise Refused("STATE", _("What the event %(id)s said was forgotten.") % {"id": event_id}, "event_id")
        details = {"was": event.state, "why": event.why, "attempts": event.attempts}
        record_act(by, act, subject=str(event), key=event.pk, reason=reason, details=details)
        event.state, event.why, event.attempts, event.due_at = StripeEvent.State.RECEIVED, "", 0, timezone.now()
        event.done_at = None
        event.save()
        transaction.on_commit(lambda: send_event(event.pk), using="shared")
    return event
