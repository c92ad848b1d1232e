"""What the product writes, watched and written again by nothing but PostgreSQL: the floor of everything that writes.

A `Footprint` compares the tables of a tenant before and after each call of an operation. A `Replay` then writes the same
rows, with keys of their own, into tables that have the same columns, indexes and checks (but neither foreign keys nor
triggers): one prepared statement a call, each its own durable transaction.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from psycopg import sql

from tessera.bench.stage import FLOOR_SCHEMAS, raw

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Row = dict[str, Any]
Rows = dict[str, dict[str, Row]]  # by table and key


@dataclass
class Call:
    """What one call of the product left behind, by table."""

    inserted: dict[str, list[Row]] = field(default_factory=dict)
    updated: dict[str, list[Row]] = field(default_factory=dict)
    deleted: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return how many rows were written."""
        return sum(len(rows) for kind in (self.inserted, self.updated, self.deleted) for rows in kind.values())


class Footprint:
    """The rows that the calls of one operation wrote."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.calls: list[Call] = []
        self._own = raw(schema)
        found = self._own.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema]).fetchall()
        self._tables = [name for (name,) in found if name != "django_migrations"]

    @contextmanager
    def of(self) -> Iterator[None]:
        """Watch one call of the product."""
        before = self._read()
        yield
        self.calls.append(_difference(before, self._read()))

    def _read(self) -> Rows:
        found: Rows = {}
        for table in self._tables:
            rows = self._own.execute(sql.SQL("SELECT id::text, to_jsonb(t) FROM {} t").format(sql.Identifier(table)))
            found[table] = dict(rows.fetchall())
        return found


def _difference(before: Rows, after: Rows) -> Call:
    call = Call()
    for table, rows in after.items():
        was = before[table]
        if new := [row for key, row in rows.items() if key not in was]:
            call.inserted[table] = new
        if changed := [row for key, row in rows.items() if key in was and was[key] != row]:
            call.updated[table] = changed
        if gone := sorted(was.keys() - rows.keys()):
            call.deleted[table] = gone
    return call


class Replay:
    """The floor: `run` writes the rows of a footprint once more, under new keys."""

    def __init__(self, footprint: Footprint) -> None:
        self.schema = f"{FLOOR_SCHEMAS}{uuid4().hex[:12]}"
        calls = footprint.calls
        self._touched = sorted({table for call in calls for kind in vars(call).values() for table in kind})
        self._copy_tables(footprint.schema)
        self._own = raw(self.schema)
        self._unique = {table: self._uniques(table) for table in self._touched}
        self._new = {row["id"] for call in calls for rows in call.inserted.values() for row in rows}
        self._marks: dict[tuple[str, str], str] = {}  # values besides keys that have to differ each time
        self._count = 1_000_000_000
        statements = [self._statement(call) for call in calls]
        self.calls = [(text, [self._cut(each) for each in given]) for text, given in statements]
        self.rows = sum(call.rows for call in calls)

    def run(self) -> None:
        """Write everything once, each call of the product in a transaction of its own."""
        for call in self.fresh():
            call()

    def fresh(self) -> list[Callable[[], Any]]:
        """Return the calls of one more operation, one by one."""
        names = {old: str(uuid4()) for old in self._new}
        for mark in self._marks.values():
            self._count += 1
            names[mark] = str(self._count)

        def made(text: str, parts: list[list[str]]) -> Callable[[], Any]:
            given = ["".join([part if place % 2 == 0 else names[part] for place, part in enumerate(each)]) for each in parts]
            return lambda: self._own.execute(text, given)

        return [made(text, parts) for text, parts in self.calls]

    def count(self, table: str) -> int:
        """Return how many rows the copy of a table has."""
        counted = self._own.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert counted is not None
        return counted[0]

    def close(self) -> None:
        """Drop the copies."""
        self._own.close()
        with _owner() as own:
            own.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(self.schema)))

    def _copy_tables(self, source: str) -> None:
        here = sql.Identifier(self.schema)
        with _owner() as own:
            own.execute(sql.SQL("CREATE SCHEMA {}").format(here))
            own.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO SESSION_USER").format(here))
            for table in self._touched:
                there, copy = sql.Identifier(source, table), sql.Identifier(self.schema, table)
                own.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(copy, there))
                own.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(copy, there))
                own.execute(sql.SQL("ANALYZE {}").format(copy))
            own.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA {} TO SESSION_USER").format(here))

    def _uniques(self, table: str) -> list[list[str]]:
        """Return the columns of each unique index besides the key."""
        found = self._own.execute(
            "SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = %s::regclass AND i.indisunique AND NOT i.indisprimary GROUP BY i.indexrelid",
            [table],
        )
        return [columns for (columns,) in found.fetchall()]

    def _statement(self, call: Call) -> tuple[str, list[str]]:
        """Return one statement for all that a call wrote, and its parameters."""
        parts: list[str] = []
        given: list[str] = []
        for table, rows in call.inserted.items():
            parts.append(f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)")  # noqa: S608
            given.append(json.dumps([self._told_apart(table, row) for row in rows]))
        for table, rows in call.updated.items():
            columns = ", ".join(f'"{name}" = n."{name}"' for name in rows[0] if name != "id")
            source = f"jsonb_populate_recordset(NULL::{table}, %s::jsonb) n"
            parts.append(f"UPDATE {table} t SET {columns} FROM {source} WHERE t.id = n.id")  # noqa: S608
            given.append(json.dumps([self._told_apart(table, row) for row in rows]))
        for table, keys in call.deleted.items():
            parts.append(f"DELETE FROM {table} WHERE id = ANY(%s::uuid[])")  # noqa: S608
            given.append("{" + ",".join(keys) + "}")
        *most, last = parts
        text = "WITH " + ", ".join(f"w{place} AS ({part})" for place, part in enumerate(most)) + " " + last if most else last
        return text, given

    def _told_apart(self, table: str, row: Row) -> Row:
        """Return a row that is unique each time; what is not so by a key is marked to get a number."""
        row = dict(row)
        if row["id"] not in self._new:
            return row
        for columns in self._unique[table]:
            if any(row[name] is None or str(row[name]) in self._new for name in columns):
                continue
            name = next((each for each in columns if each in ("number", "seq", "key")), columns[-1])
            if UUID.fullmatch(str(row[name])):
                self._new.add(row[name])
            else:
                mark = self._marks.setdefault((row["id"], name), f"<{len(self._marks)}>")
                row[name] = mark if isinstance(row[name], int) else f"{row[name]}{mark}"
        return row

    def _cut(self, text: str) -> list[str]:
        """Cut a parameter at what changes each time: fixed text and names in turn."""
        cut, place = [], 0
        for found in re.finditer(f"{UUID.pattern}|<[0-9]+>", text):
            if found[0][0] == "<" or found[0] in self._new:
                cut += [text[place : found.start()], found[0]]
                place = found.end()
        return [*cut, text[place:]]


@contextmanager
def _owner() -> Iterator[psycopg.Connection]:
    with raw("public") as own:
        own.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.TESSERA_OWNER_ROLE)))
        yield own
