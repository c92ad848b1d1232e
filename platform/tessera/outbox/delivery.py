"""Lease what is due, and tell handlers: the part of delivery that happens inside one tenant.

A delivery is due when its time has come and no earlier fact about its subject still waits for
the same handler; so a dead letter parks that pair of handler and subject alone. Leasing moves
the time on: a message that gets lost is sent again when the lease has run out, each time later.
Whoever runs a delivery holds its row's lock, so that it runs once at a time, and sets it `done`
in the handler's own transaction, so that it takes effect once.

A handler whose module is off is skipped for good: what happened while a module was off is the
business of its cut-over, not of a replay.
"""

import logging
import random
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Value
from django.db.models.functions import Least, Power
from django.utils import timezone

from tessera.context import current, enter, system
from tessera.events import HANDLERS, Event, handler_key
from tessera.module import module_of
from tessera.outbox.hints import hint
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.unit_of_work import on_commit, unit_of_work

MOST_ATTEMPTS = 8
_log = logging.getLogger(__name__)


def _unfinished_before() -> Exists:
    """Say that an earlier fact of the same subject still waits for, or was refused by, the handler."""
    return Exists(
        Delivery.objects.filter(
            handler=OuterRef("handler"),
            subject=OuterRef("subject"),
            seq__lt=OuterRef("seq"),
            state__in=[Delivery.State.PENDING, Delivery.State.DEAD],
        )
    )


def lease_due(most: int) -> list[UUID]:
    """Lease up to `most` due deliveries of the current tenant and return their ids, oldest first.

    One that was sent `MOST_ATTEMPTS` times and never came back is a dead letter: it kills whoever runs it.
    """
    now = timezone.now()
    with unit_of_work():
        due = Delivery.objects.filter(~_unfinished_before(), state=Delivery.State.PENDING, due_at__lte=now)
        rows = list(
            due.order_by("due_at", "id").select_for_update(of=("self",), skip_locked=True).values_list("id", "attempts")[:most]
        )
        lost = [pk for pk, attempts in rows if attempts >= MOST_ATTEMPTS]
        if lost:
            Delivery.objects.filter(pk__in=lost).update_unaudited(
                state=Delivery.State.DEAD, finished_at=now, error="sent many times, and no worker came back from it"
            )
        leased = [pk for pk, attempts in rows if attempts < MOST_ATTEMPTS]
        if leased:
            once = Value(timedelta(seconds=settings.TESSERA_OUTBOX_LEASE))
            lease = ExpressionWrapper(once * Power(Value(2.0), Least(F("attempts"), 5)), output_field=DurationField())
            Delivery.objects.filter(pk__in=leased).update_unaudited(attempts=F("attempts") + 1, due_at=Value(now) + lease)
    return leased


def give_back(deliveries: list[UUID]) -> None:
    """Undo the lease of deliveries that could not be sent."""
    with unit_of_work():
        mine = Delivery.objects.filter(pk__in=deliveries, state=Delivery.State.PENDING, attempts__gt=0)
        mine.update_unaudited(attempts=F("attempts") - 1, due_at=timezone.now())


def run_delivery(delivery: UUID) -> None:
    """Tell the handler its fact in the current tenant, in one transaction with `done`; raise what it raises.

    Nothing happens when the delivery is done already or somebody else is at it.
    """
    here = current()
    found = Delivery.objects.select_related("event").filter(pk=delivery, state=Delivery.State.PENDING).first()
    if found is None:
        return
    cause = found.event
    with enter(here.tenant, actor=system(found.handler), modules=here.modules, request_id=cause.request), unit_of_work():
        pending = Delivery.objects.filter(pk=delivery, state=Delivery.State.PENDING)
        row = pending.select_for_update(of=("self",), skip_locked=True).first()
        if row is None:
            return
        row.state = _tell(row.handler, cause)
        row.finished_at = timezone.now()
        row.error = ""
        row.save(update_fields=["state", "finished_at", "error"])
        if Delivery.objects.filter(
            handler=row.handler, subject=row.subject, seq__gt=row.seq, state=Delivery.State.PENDING
        ).exists():
            on_commit(lambda: hint(here.tenant.id))


def _tell(key: str, cause: OutboxEvent) -> str:
    handler = next((each for each in HANDLERS[cause.name] if handler_key(each) == key), None)
    if handler is None:
        raise LookupError(f"no handler {key} of {cause.name} is installed")
    label = module_of(handler)
    if label is not None and label not in current().modules:
        return Delivery.State.SKIPPED
    handler(Event(cause.pk, cause.name, cause.version, cause.subject, cause.seq, cause.data, cause.recorded_at))
    return Delivery.State.DONE


def note_failure(delivery: UUID, error: Exception) -> None:
    """Keep why a delivery failed, and try it again later or, after `MOST_ATTEMPTS`, park it."""
    with unit_of_work():
        row = Delivery.objects.select_for_update().get(pk=delivery)
        if row.state != Delivery.State.PENDING:
            return
        row.error = f"{type(error).__name__}: {error}"[:2000]
        if row.attempts >= MOST_ATTEMPTS:
            row.state = Delivery.State.DEAD
            row.finished_at = timezone.now()
            _log.error("dead letter %s of %s: %s", delivery, row.handler, row.error)
        else:
            wait = settings.TESSERA_OUTBOX_BACKOFF * 2**row.attempts * random.uniform(0.5, 1)  # noqa: S311
            row.due_at = timezone.now() + timedelta(seconds=wait)
        row.save()
