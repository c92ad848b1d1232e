"""Statements that a server process parses and plans once: what every request asks, and what is kept with a document.

PostgreSQL looks at the search path at each execution and plans anew where it is another than at the last, so a
statement is safe on a connection that serves several tenants; it is fastest where one of them stays.
"""

from contextlib import nullcontext
from typing import Any

import psycopg
from django.db import connections

UNPREPARED = 2  # times that a connection runs a statement without preparing it: most that are seen once are not seen again


class Prepared(str):
    """A statement with $1, $2 ... for its parameters."""


def run(alias: str, text: Prepared, parameters: list[Any]) -> psycopg.RawCursor:
    """Run a prepared statement and return the cursor with its rows.

    It goes through Django's own cursor, and with it through the guard of the tenant alias.
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

    with connection.cursor() as cursor, cursor.debug_sql(text) if connection.queries_logged else nullcontext():
        return cursor._execute_with_wrappers(text, parameters, many=False, executor=execute)
