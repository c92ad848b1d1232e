"""Statements that are sent while something else is asked, so that both take as long as the longer of them."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from select import POLLIN, POLLOUT, poll
from typing import Any

from django.db import connections
from psycopg import errors, pq

from tessera.db.prepared import Prepared, Told, through_wrappers

UNKNOWN_STATEMENT = b"26000"


@contextmanager
def asked_again(alias: str, what: Told) -> Iterator[Callable[[], bool]]:
    """Ask once more for what was told, and yield what waits for the answer and says whether it is the same.

    The connection of `alias` belongs to it until the end of the block.
    """
    connection = connections[alias]

    def send(sql: Prepared, given: list[str], _many: bool, _context: Any) -> "_Sent":
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            return _Sent(connection, sql, given)

    sent: _Sent = through_wrappers(connection, _statement(what.text), what.parameters, send)
    try:
        yield lambda: sent.value() == what.answer
    finally:
        sent.wait()


@cache
def _statement(text: Prepared) -> Prepared:
    return Prepared(f"SELECT {text}")


@cache
def _name(text: Prepared) -> bytes:
    return b"again_" + hashlib.sha256(text.encode()).hexdigest()[:32].encode()


class _Sent:
    """A statement on its way. psycopg has no cursor for that, so it is libpq that is spoken to."""

    def __init__(self, connection: Any, text: Prepared, parameters: list[str]) -> None:
        self._connection, self._server = connection, connection.connection.pgconn
        self._text, self._given = text, [each.encode() for each in parameters]
        self._result: Any = None
        self._send()

    def value(self) -> bytes | None:
        """Wait for the answer and return its value, or raise what went wrong."""
        self.wait()
        with self._connection.wrap_database_errors:
            result = _checked(self._result)
        return result.get_value(0, 0) if result.ntuples else None

    def wait(self) -> None:
        """Wait until the connection is free again."""
        if self._result is not None:
            return
        with self._connection.wrap_database_errors:
            self._result = self._received()
            if self._result.error_field(pq.DiagnosticField.SQLSTATE) == UNKNOWN_STATEMENT:
                self._known().clear()
                self._send()
                self._result = self._received()

    def _known(self) -> set[bytes]:
        """Return the names of what is prepared on the connection; psycopg lets go of everything after a ROLLBACK, for one."""
        return self._connection.connection.__dict__.setdefault("asked_again", set())

    def _send(self) -> None:
        if self._server.transaction_status != pq.TransactionStatus.IDLE:  # where nothing can be tried twice
            self._server.send_query_params(self._text.encode(), self._given)
        else:
            name = _name(self._text)
            if name not in self._known():
                self._server.send_prepare(name, self._text.encode())
                _checked(self._received())
                self._known().add(name)
            self._server.send_query_prepared(name, self._given)
        while self._server.flush():
            _await(self._server, POLLIN | POLLOUT)
            self._server.consume_input()

    def _received(self) -> Any:
        found = None
        while True:
            while self._server.is_busy():
                _await(self._server, POLLIN)
                self._server.consume_input()
            result = self._server.get_result()
            if result is None:
                return found
            found = result


def _checked(result: Any) -> Any:
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        raise errors.error_from_result(result)
    return result


def _await(server: Any, events: int) -> None:
    waiting = poll()
    waiting.register(server.socket, events)
    waiting.poll()
