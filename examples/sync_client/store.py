"""What a device remembers: records, what is being sent, and what a person has to decide. One SQLite file."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

LOCAL = "local:"  # how ids begin that the server does not know yet
TABLES = """
CREATE TABLE IF NOT EXISTS record (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, base TEXT NOT NULL, mine TEXT NOT NULL,
    doomed INTEGER NOT NULL, held INTEGER NOT NULL, made INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sending (record TEXT PRIMARY KEY, key TEXT NOT NULL, verb TEXT NOT NULL, version INTEGER, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conflict (
    id INTEGER PRIMARY KEY, record TEXT NOT NULL, field TEXT NOT NULL, base TEXT, mine TEXT, theirs TEXT, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Record:
    """A record: as the server told it last (`base`, at `version`; {} and 0 before it has it), and what was edited here since.

    `doomed`: it is to be deleted. `held`: nothing of it is sent before a person has decided.
    """

    id: str
    kind: str
    version: int = 0
    base: dict[str, Any] = field(default_factory=dict)
    mine: dict[str, Any] = field(default_factory=dict)
    doomed: bool = False
    held: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """Return the record as it is shown here."""
        return {**self.base, **self.mine}

    @property
    def waits(self) -> bool:
        """Say whether something of it is to be sent."""
        return not self.held and (self.doomed or bool(self.mine) or not self.version)


@dataclass(frozen=True)
class Sending:
    """A write that is under way, exactly as it was sent first: sent again, it has the same effect once."""

    record: str
    key: str
    verb: str
    version: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Conflict:
    """Something that only a person can decide; without `field` it is about the record as a whole, `theirs` is None for one that is gone."""

    id: int
    record: str
    field: str
    base: Any
    mine: Any
    theirs: Any
    why: str


class Store:
    """One device's file (":memory:" for none)."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def records(self, kind: str = "") -> list[Record]:
        """Return the records of a kind (all, by default) in the order in which they came."""
        rows = self._db.execute("SELECT * FROM record WHERE ? IN ('', kind) ORDER BY made", [kind])
        return [_record(row) for row in rows]

    def find(self, id: str) -> Record | None:
        """Return one record."""
        row = self._db.execute("SELECT * FROM record WHERE id = ?", [id]).fetchone()
        return row and _record(row)

    def keep(self, record: Record) -> None:
        """Write a record."""
        self._db.execute(
            "INSERT INTO record SELECT ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(made), 0) + 1 FROM record) WHERE true"
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, base = excluded.base, mine = excluded.mine,"
            " doomed = excluded.doomed, held = excluded.held",
            [
                record.id,
                record.kind,
                record.version,
                json.dumps(record.base),
                json.dumps(record.mine),
                record.doomed,
                record.held,
            ],
        )

    def drop(self, id: str) -> None:
        """Forget a record with all that is about it."""
        for table, column in (("record", "id"), ("sending", "record"), ("conflict", "record")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", [id])  # noqa: S608  (our own names)

    def rename(self, old: str, new: str) -> None:
        """Give a record the id that the server gave it, wherever it is named."""
        self._db.execute("DELETE FROM record WHERE id = ?", [new])  # it came by the feed before its own answer did
        self._db.execute("UPDATE record SET id = ? WHERE id = ?", [new, old])
        self._db.execute("UPDATE conflict SET record = ? WHERE record = ?", [new, old])
        for record in self.records():
            if old in record.mine.values():
                mine = {name: new if value == old else value for name, value in record.mine.items()}
                self.keep(replace(record, mine=mine))

    def sending(self, id: str) -> Sending | None:
        """Return the write of a record that is under way."""
        row = self._db.execute("SELECT * FROM sending WHERE record = ?", [id]).fetchone()
        return row and Sending(*row[:4], json.loads(row[4]))

    def begin(self, record: str, verb: str, version: int, body: dict[str, Any]) -> Sending:
        """Note a write before it is sent for the first time."""
        made = Sending(record, uuid4().hex, verb, version, body)
        self._db.execute("INSERT INTO sending VALUES (?, ?, ?, ?, ?)", [record, made.key, verb, version, json.dumps(body)])
        return made

    def end(self, record: str) -> None:
        """Note that a write was answered."""
        self._db.execute("DELETE FROM sending WHERE record = ?", [record])

    def conflicts(self) -> list[Conflict]:
        """Return what waits for a person, oldest first."""
        rows = self._db.execute("SELECT id, record, field, base, mine, theirs, why FROM conflict ORDER BY id")
        return [Conflict(*row[:3], *(json.loads(value) for value in row[3:6]), row[6]) for row in rows]

    def dispute(self, record: str, field: str, base: Any, mine: Any, theirs: Any, why: str) -> None:
        """List a conflict; one about the same field of the same record takes the place of the one before."""
        self._db.execute("DELETE FROM conflict WHERE record = ? AND field = ?", [record, field])
        values = [json.dumps(each) for each in (base, mine, theirs)]
        self._db.execute(
            "INSERT INTO conflict (record, field, base, mine, theirs, why) VALUES (?, ?, ?, ?, ?, ?)",
            [record, field, *values, why],
        )

    def settle(self, id: int) -> None:
        """Take a conflict off the list."""
        self._db.execute("DELETE FROM conflict WHERE id = ?", [id])

    @property
    def cursor(self) -> str | None:
        row = self._db.execute("SELECT value FROM state WHERE name = 'cursor'").fetchone()
        return row and row[0]

    @cursor.setter
    def cursor(self, value: str) -> None:
        self._db.execute(
            "INSERT INTO state VALUES ('cursor', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [value]
        )


def _record(row: Any) -> Record:
    id, kind, version, base, mine, doomed, held, _made = row
    return Record(id, kind, version, json.loads(base), json.loads(mine), bool(doomed), bool(held))
