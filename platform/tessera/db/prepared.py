"""Statements that a server process parses and plans once: what every request asks, and what is kept with a document.

PostgreSQL looks at the search path at each execution and plans anew where it is another than at the last, so a
statement is safe on a connection that serves several tenants; it is fastest where one of them stays.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import connections

from tessera.db.guard.base import DatabaseWrapper as Guard

UNPREPARED = 2  # times that a connection runs a statement without preparing it: most that are seen once are not seen again


class Prepared(str):
    """A statement with $1, $2 ... for its parameters."""


@dataclass(frozen=True)
class Told:
    """What a database told, word for word: a statement of one row and one column, and its text of the value.

    `text` is in parentheses, so that it may be part of another statement, where its parameters come first.
    """

    text: Prepared
    parameters: list[str]
    answer: bytes


@dataclass(frozen=True)
class Proof:
    """What something was found out by: it holds as long as the tenant's rows and the public ones tell the same.

    Whoever relies on it at a moment (`since`, of `time.monotonic`) needs them to be told at a later one.
    """

    here: Told
    public: Told
    since: float = math.inf


def run(alias: str, text: Prepared, parameters: list[Any]) -> psycopg.RawCursor:
    """Run a prepared statement and return the cursor with its rows.

    It goes through the guard of the tenant alias, and through the wrappers of whoever counts or forbids statements.
    """
    connection = connections[alias]

    def execute(sql: str, given: Any, _many: bool, _context: Any) -> psycopg.RawCursor:
        connection.validate_no_broken_transaction()
        own = psycopg.RawCursor(connection.connection)
        with connection.wrap_database_errors:
            connection.connection.prepare_threshold = UNPREPARED  # Django's own statements are not to be prepared
            try:
                return own.execute(sql, given)
            except psycopg.errors.FeatureNotSupported:  # a column has another type here, or got one, since it was prepared
                if connection.in_atomic_block:
                    raise
                return own.execute(sql, given, prepare=False)
            finally:
                connection.connection.prepare_threshold = None

    return through_wrappers(connection, text, parameters, execute)


def through_wrappers(connection: Any, text: Prepared, parameters: list[Any], execute: Any) -> Any:
    """Let `execute` send a statement where Django would: whoever counts or forbids statements sees it."""
    if not connection.execute_wrappers and not connection.queries_logged:
        connection.ensure_connection()
        if isinstance(connection, Guard):
            connection.turn()
        return execute(text, parameters, False, {})  # without the cursor of Django's that it has no use for
    with connection.cursor() as cursor, cursor.debug_sql(text) if connection.queries_logged else nullcontext():
        return cursor._execute_with_wrappers(text, parameters, many=False, executor=execute)


def told(alias: str, select: str, parameters: list[str]) -> tuple[tuple[Any, ...], Told] | None:
    """Return the one row of a SELECT, and what is told when it is asked again; None where there is no row."""
    whole, again = _once_more(select)
    found = run(alias, whole, parameters).fetchone()
    return None if found is None else (found[:-1], Told(again, parameters, found[-1].encode()))


@cache
def _once_more(select: str) -> tuple[Prepared, Prepared]:
    """Return a SELECT with its whole row as a text beside its columns, and one of that text alone."""
    return Prepared(f"SELECT f.*, f::text FROM ({select}) f"), Prepared(f"(SELECT f::text FROM ({select}) f)")  # noqa: S608
