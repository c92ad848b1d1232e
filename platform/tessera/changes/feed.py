"""Read the audit as a feed: the entries that one snapshot sees and an earlier one did not, in one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db import connections

from tessera.changes.cursor import START, Cursor, Place

# The epoch is another one in another cluster, on another timeline (a point in time that was gone back to), in another
# database, and for a table that was made again from a dump: numbers of transactions mean nothing from one to the next.
_EPOCH = """
    left(md5(concat_ws(' ', (SELECT system_identifier FROM pg_control_system()), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()), 'audit_auditentry'::regclass::oid)), 12)
"""
_READ = f"""
SELECT n.epoch, n.seen::text, e.transaction::text, e.id::text, e.label, e.record, e.verb, e.before::text, e.after::text
FROM (SELECT {_EPOCH} AS epoch, pg_current_snapshot() AS seen) n
LEFT JOIN LATERAL (
    SELECT * FROM audit_auditentry
     WHERE (transaction, id) > (%(transaction)s::xid8, %(id)s::uuid)
       AND transaction < pg_snapshot_xmax(coalesce(%(upto)s::pg_snapshot, n.seen))
       AND NOT pg_visible_in_snapshot(transaction, %(seen)s::pg_snapshot)
       AND pg_visible_in_snapshot(transaction, coalesce(%(upto)s::pg_snapshot, n.seen))
       AND label = ANY(%(labels)s)
     ORDER BY transaction, id
     LIMIT %(most)s
) e ON true
ORDER BY e.transaction, e.id
"""  # noqa: S608  (our own text)


_LATER = """
SELECT record, transaction::text, id::text, before ->> %(column)s FROM audit_auditentry
 WHERE label = %(label)s AND record = ANY(%(records)s) AND (transaction, id) > (%(transaction)s::xid8, %(id)s::uuid)
   AND (verb = 'create' OR before ? %(column)s)
 ORDER BY transaction, id
"""
Order = tuple[int, str]


def order_of(place: Place) -> Order:
    """Return what places are compared by."""
    return int(place[0]), place[1]


@dataclass(frozen=True)
class Entry:
    """A write as the audit has it; values are as JSON holds them."""

    place: Place
    label: str
    record: UUID
    verb: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Slice:
    """The next entries, the epoch, and the snapshot of the statement that read both."""

    epoch: str
    seen: str
    entries: list[Entry]


@cache
def every_label() -> frozenset[str]:
    """Return the labels of all models that the audit keeps."""
    return frozenset(model._meta.label for model in apps.get_models() if getattr(model, "audited", False))


def read_feed(cursor: Cursor | None, labels: Collection[str] = (), most: int = 0) -> Slice:
    """Return up to `most` entries of kinds of records (labels of models) after a cursor; none without one.

    What the cursor's `upto` did not see is left for later; without it all is told that this statement sees.
    """
    parameters: dict[str, Any] = dict.fromkeys(("seen", "upto", "transaction", "id"))
    if cursor is not None:
        # Everything before the oldest transaction that was open then was seen: the index is read from there, and this is
        # the only lower bound, as PostgreSQL would begin at the lower of two.
        transaction, id = cursor.at if cursor.at != START else (cursor.seen.partition(":")[0], START[1])
        parameters = {"seen": cursor.seen, "upto": cursor.upto or None, "transaction": transaction, "id": id}
    with connections["default"].cursor() as rows:
        rows.execute(_READ, parameters | {"labels": list(labels), "most": most})
        found = rows.fetchall()
    entries = [
        Entry((row[2], row[3]), row[4], row[5], row[6], orjson.loads(row[7]), orjson.loads(row[8]))
        for row in found
        if row[2] is not None
    ]
    return Slice(found[0][0], found[0][1], entries)


def later_writes(place: Place, label: str, records: Collection[UUID], column: str) -> dict[UUID, list[tuple[Order, str | None]]]:
    """Return by record when, after a place, a column of it was written or it was created, with the value before."""
    found: dict[UUID, list[tuple[Order, str | None]]] = {}
    if records:
        parameters = {"column": column, "label": label, "records": sorted(records), "transaction": place[0], "id": place[1]}
        with connections["default"].cursor() as rows:
            rows.execute(_LATER, parameters)
            for record, transaction, id, before in rows.fetchall():
                found.setdefault(record, []).append((order_of((transaction, id)), before))
    return found
