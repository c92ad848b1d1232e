"""The statements that write an entry, its insertion with all lines and its posting, and the lock on what it settles.

They go past the ORM because postings are what a busy company does most. Each row travels as JSON
and is typed by its table (`jsonb_populate_record`), so a new column needs no change here.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

# allow raw-connection: an entry with its lines in one statement needs SQL of our own
from django.db import connections
from django.utils import timezone
from tessera.api import new_id

from modules.erp.finance.models import Entry, EntryLine

_INSERT = """
WITH head AS (
    INSERT INTO finance_entry SELECT * FROM jsonb_populate_record(NULL::finance_entry, %s::jsonb) RETURNING id
)
INSERT INTO finance_entryline
    SELECT line.* FROM jsonb_populate_recordset(NULL::finance_entryline, %s::jsonb) line, head
"""

_POST = """
WITH head AS (
    UPDATE finance_bookhead SET seq = seq + 1, hash = encode(sha256(convert_to(hash || %s, 'UTF8')), 'hex')
    WHERE book_id = %s RETURNING NEW.seq, OLD.hash
)
UPDATE finance_entry SET state = 'posted', number = %s, posted_by = %s, seq = head.seq, prev_hash = head.hash
FROM head WHERE finance_entry.id = %s RETURNING finance_entry.seq, prev_hash
"""

_HOLD = """
INSERT INTO finance_waitingline (id, line) SELECT * FROM unnest(%s::uuid[], %s::uuid[])
ON CONFLICT (line) DO UPDATE SET line = EXCLUDED.line
"""

_ENTRY_COLUMNS = tuple(field.attname for field in Entry._meta.concrete_fields)
_LINE_COLUMNS = tuple(field.attname for field in EntryLine._meta.concrete_fields)


def _plain(row: Any, columns: Sequence[str]) -> dict[str, Any]:
    held = row.__dict__
    return {name: held[name] for name in columns}


def insert(entry: Entry, lines: Sequence[EntryLine]) -> None:
    """Insert a draft entry and its lines in one statement."""
    entry.recorded_at = timezone.now()
    head = json.dumps(_plain(entry, _ENTRY_COLUMNS), cls=DjangoJSONEncoder)
    body = json.dumps([_plain(line, _LINE_COLUMNS) for line in lines], cls=DjangoJSONEncoder)
    with connections["default"].cursor() as cursor:
        cursor.execute(_INSERT, [head, body])
    for row in (entry, *lines):
        row._state.adding = False


def hold_lines(lines: Iterable[UUID]) -> None:
    """Lock the rows that stand for document lines, in the order of their keys; each is made with its first lock."""
    keys = sorted(lines)
    with connections["default"].cursor() as cursor:
        cursor.execute(_HOLD, [[new_id() for _ in keys], keys])


def post(entry: Entry, digest: str) -> tuple[int, str]:
    """Append an entry to its book's chain and freeze it; return its place and the hash before it."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_POST, [digest, entry.book_id, entry.number, entry.posted_by, entry.id])
        return cursor.fetchone()
