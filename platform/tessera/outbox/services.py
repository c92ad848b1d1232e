"""Store the facts of a unit of work with it, hint at them after the commit, and revive dead letters."""

from collections import Counter
from typing import Any

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.audit.services import plain
from tessera.context import current
from tessera.errors import Refused
from tessera.events import handler_key, handlers_of, payload
from tessera.fields import new_id
from tessera.outbox.hints import hint
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.service import service
from tessera.unit_of_work import Unit, finisher, lock_for_update, on_commit


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; a function is asked now, for what only the end of the unit knows (a number)."""
    if callable(value):
        value = value()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return plain(value)


def _next_seqs(subjects: list[Any]) -> dict[Any, int]:
    """Advance the sequence of each subject by its number of facts; return the first new one.

    The rows are locked in the order of their subjects, and held until the commit: so is the order of facts.
    """
    counts = sorted(Counter(subjects).items())
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_subjectsequence (id, subject, last)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[])"
            " ON CONFLICT (subject) DO UPDATE SET last = outbox_subjectsequence.last + EXCLUDED.last RETURNING subject, last",
            [[new_id() for _ in counts], [subject for subject, _ in counts], [count for _, count in counts]],
        )
        last = dict(cursor.fetchall())
    return {subject: last[subject] - count + 1 for subject, count in counts}


@finisher
def write_outbox(unit: Unit) -> None:
    """Insert the unit's facts and one pending delivery per handler whose module is on."""
    if not unit.facts:
        return
    context = current()
    next_seq = _next_seqs([fact.subject for fact, told in unit.facts])
    events, deliveries = [], []
    for fact, told in unit.facts:
        seq = next_seq[fact.subject]
        next_seq[fact.subject] += 1
        stored = OutboxEvent(
            name=fact.name,
            version=fact.version,
            subject=fact.subject,
            seq=seq,
            data=_plain(payload(fact)),
            actor=told.actor.member_id,
            request=told.request_id,
        )
        events.append(stored)
        deliveries += [
            Delivery(event=stored, handler=handler_key(handler), subject=fact.subject, seq=seq)
            for handler in handlers_of(fact.name)
        ]
    OutboxEvent.objects.bulk_create(events)
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        on_commit(lambda: hint(context.tenant.id))


@service(permission="outbox.delivery_replay")
def replay_dead_letter(*, delivery: Delivery) -> Delivery:
    """Try a dead letter again from the start; what waits behind it follows when it is done."""
    (row,) = lock_for_update(Delivery.objects.filter(pk=delivery.pk))
    if row.state != Delivery.State.DEAD:
        raise Refused("STATE", _("Only a dead letter can be tried again."), "state")
    row.state, row.attempts, row.due_at, row.finished_at = Delivery.State.PENDING, 0, timezone.now(), None
    row.save()
    tenant = current().tenant.id
    on_commit(lambda: hint(tenant))
    return row
