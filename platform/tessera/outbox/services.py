"""Store the facts of a unit of work with it, and hint at them after the commit."""

from typing import Any

from django.db import connections

from tessera.audit.services import plain
from tessera.context import current
from tessera.events import handler_key, handlers_of, payload
from tessera.fields import new_id
from tessera.outbox.hints import hint
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.unit_of_work import Unit, finisher, on_commit


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
    """Advance the sequence of each subject by its number of facts; return the first new one."""
    counts: dict[Any, int] = {}
    for subject in subjects:
        counts[subject] = counts.get(subject, 0) + 1
    first = {}
    with connections["default"].cursor() as cursor:
        for subject in sorted(counts):
            cursor.execute(
                "INSERT INTO outbox_subjectsequence (id, subject, last) VALUES (%s, %s, %s)"
                " ON CONFLICT (subject) DO UPDATE SET last = outbox_subjectsequence.last + EXCLUDED.last RETURNING last",
                [new_id(), subject, counts[subject]],
            )
            first[subject] = cursor.fetchone()[0] - counts[subject] + 1
    return first


@finisher
def write_outbox(unit: Unit) -> None:
    """Insert the unit's facts and one pending delivery per handler whose module is on."""
    if not unit.facts:
        return
    context = current()
    next_seq = _next_seqs([fact.subject for fact, _ in unit.facts])
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
