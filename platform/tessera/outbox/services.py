"""Store the facts of a unit of work with it, hint at them after the commit, and revive dead letters."""

from collections import Counter
from functools import cache
from typing import Any

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.audit.services import plain
from tessera.context import current
from tessera.db.inserts import as_json
from tessera.errors import Refused
from tessera.events import handler_key, handlers_of, payload
from tessera.fields import new_id
from tessera.outbox.hints import hint
from tessera.outbox.models import Delivery
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


# Subjects are locked in their order and held until the commit: so is the order of the facts about each. A fact knows how
# many of its subject's come after it in this unit.
_WRITE = """
WITH counted AS (
    INSERT INTO outbox_subjectsequence (id, subject, last) SELECT * FROM unnest(%(ids)s::uuid[], %(subjects)s::uuid[], %(counts)s::bigint[])
    ON CONFLICT (subject) DO UPDATE SET last = outbox_subjectsequence.last + EXCLUDED.last RETURNING subject, last
), facts AS (
    SELECT f.*, c.last - f.later AS seq FROM counted c JOIN jsonb_to_recordset(%(facts)s::jsonb) AS f(
        id uuid, name text, version integer, subject uuid, later bigint, data jsonb, actor uuid, request uuid) USING (subject)
), events AS (
    INSERT INTO outbox_outboxevent (id, name, version, subject, seq, data, actor, request, recorded_at)
    SELECT id, name, version, subject, seq, data, actor, request, %(now)s FROM facts
), told AS (
    INSERT INTO outbox_delivery (id, event_id, handler, subject, seq, state, attempts, due_at, error)
    SELECT d.id, d.event, d.handler, f.subject, f.seq, 'pending', 0, %(now)s, ''
    FROM jsonb_to_recordset(%(deliveries)s::jsonb) AS d(id uuid, event uuid, handler text) JOIN facts f ON f.id = d.event
    RETURNING 1
)"""
_also: list[str] = []


def with_facts(insert: str) -> None:
    """Write something else for facts in the statement that writes them: an INSERT that reads `facts` and `%(now)s`."""
    _also.append(insert)


@cache
def _statement() -> str:
    """Return the whole statement, which answers how much there is to deliver."""
    also = {f"also_{place}": insert for place, insert in enumerate(_also)}
    parts = [_WRITE, *(f", {name} AS ({insert} RETURNING 1)" for name, insert in also.items())]
    counts = [f"(SELECT count(*) FROM {name})" for name in ("told", *also)]  # noqa: S608  (our own names)
    return f"{''.join(parts)} SELECT {' + '.join(counts)}"


@finisher
def write_outbox(unit: Unit) -> None:
    """Insert the unit's facts and one pending delivery per handler whose module is on, all in one statement."""
    if not unit.facts:
        return
    context = current()
    later = Counter(fact.subject for fact, told in unit.facts)
    subjects = sorted(later)
    counts = [later[subject] for subject in subjects]
    facts, deliveries = [], []
    for fact, told in unit.facts:
        later[fact.subject] -= 1
        stored = {
            "id": new_id(),
            "name": fact.name,
            "version": fact.version,
            "subject": fact.subject,
            "later": later[fact.subject],
            "data": _plain(payload(fact)),
            "actor": told.actor.member_id,
            "request": told.request_id,
        }
        facts.append(stored)
        deliveries += [
            {"id": new_id(), "event": stored["id"], "handler": handler_key(handler)} for handler in handlers_of(fact.name)
        ]
    values = {
        "ids": [new_id() for _ in subjects],
        "subjects": subjects,
        "counts": counts,
        "facts": as_json(facts),
        "deliveries": as_json(deliveries),
        "now": timezone.now(),
    }
    with connections["default"].cursor() as cursor:
        cursor.execute(_statement(), values)
        waiting = cursor.fetchone()[0]
    if waiting:
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
