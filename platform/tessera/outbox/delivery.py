"""Lease what is due, and tell handlers: the part of delivery that happens inside one tenant.

A delivery is due when its time has come and no earlier fact about its subject still waits for
the same handler; so a dead letter parks that pair of handler and subject alone. Leasing moves
the time on: a message that gets lost is sent again when the lease has run out, each time later.
Whoever runs a delivery holds its row's lock, so that it runs once at a time, and sets it `done`
in the handler's own transaction, so that it takes effect once.

A handler whose module is off is skipped for good: what happened while a module was off is the
business of its cut-over, not of a replay.
"""

import json
import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Value
from django.db.models.functions import Least, Power
from django.utils import timezone

from tessera.context import current, enter, system
from tessera.events import HANDLERS, Event, handler_key
from tessera.module import module_of
from tessera.outbox.hints import hint
from tessera.outbox.models import Delivery
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


# Written out, as every fact goes through them for every handler. The claim comes first and holds the row until the commit.
_WAITING = """
SELECT d.handler, e.request, e.data, e.id, e.name, e.version, e.subject, e.seq, e.recorded_at
FROM outbox_delivery d JOIN outbox_outboxevent e ON e.id = d.event_id WHERE d.id = %s AND d.state = 'pending'
"""
_CLAIM = """
UPDATE outbox_delivery SET state = %s, finished_at = %s, error = '' WHERE id =
    (SELECT id FROM outbox_delivery WHERE id = %s AND state = 'pending' FOR UPDATE SKIP LOCKED) RETURNING id
"""
_MORE = "SELECT 1 FROM outbox_delivery WHERE handler = %s AND subject = %s AND seq > %s AND state = 'pending' LIMIT 1"


def run_delivery(delivery: UUID) -> None:
    """Tell the handler its fact in the current tenant, in one transaction with `done`; raise what it raises.

    Nothing happens when the delivery is done already or somebody else is at it.
    """
    here = current()
    row = _one(_WAITING, [delivery])
    if row is None:
        return
    handler, request, data, key, name, version, subject, seq, recorded_at = row
    fact = Event(key, name, version, subject, seq, json.loads(data), recorded_at)
    with enter(here.tenant, actor=system(handler), modules=here.modules, request_id=request), unit_of_work():
        listener = _listener(handler, fact.name)
        label = module_of(listener)
        off = label is not None and label not in here.modules
        if _one(_CLAIM, [Delivery.State.SKIPPED if off else Delivery.State.DONE, timezone.now(), delivery]) is None:
            return
        if not off:
            listener(fact)
        on_commit(lambda: _hint_if_more(handler, fact))


def _one(statement: str, values: list[Any]) -> tuple[Any, ...] | None:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()


def _listener(key: str, name: str) -> Callable[[Event], None]:
    found = next((each for each in HANDLERS[name] if handler_key(each) == key), None)
    if found is None:
        raise LookupError(f"no handler {key} of {name} is installed")
    return found


def _hint_if_more(handler: str, fact: Event) -> None:
    """Hint at the tenant when a later fact waited for this one. Asked after the commit: one that comes now hints itself."""
    if _one(_MORE, [handler, fact.subject, fact.seq]):
        hint(current().tenant.id)


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
