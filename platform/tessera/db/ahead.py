"""Public statements that are sent while the tenant's are answered, so that both take as long as the longer of them.

Requests that come at once often ask the same, such as those of one page in a browser: what one of them asks after another came answers
that one too.
"""

import hashlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from select import POLLIN, POLLOUT, poll
from time import monotonic
from typing import Any

from django.db import connections
from psycopg import errors, pq

from tessera.db.pools import take_public
from tessera.db.prepared import Prepared, Told, through_wrappers

UNKNOWN_STATEMENT = b"26000"
JUST_NOW = 0.004  # seconds: where many ask at once, each is answered in a few times as much
MOST = 1_000  # questions whose latest asking is known
_latest: "dict[tuple[str, ...], _Sent]" = {}


@contextmanager
def asked_again(what: Told, since: float = math.inf) -> Iterator[Callable[[], bool]]:
    """Ask once more for what was told, and yield what waits for the answer and says whether it is the same.

    An answer to whoever asked the same after `since`, a moment of `time.monotonic`, is as good. So where somebody's question was sent just
    now and is under way, others are about to come, and nothing is asked before the answer is wanted: one of theirs may have been sent by
    then. A question of its own has the public connection until the end of the block.
    """
    key = (what.text, *what.parameters)
    latest = _latest.get(key)
    is_one_of_many = latest is not None and latest.is_under_way and latest.at > monotonic() - JUST_NOW
    own = None if is_one_of_many else _ask(key, what)

    def is_same() -> bool:
        latest = _latest.get(key)
        sent = own or (latest if latest and latest.at >= since and not latest.has_failed else _ask(key, what))
        with connections["shared"].wrap_database_errors:
            return sent.value() == what.answer

    try:
        yield is_same
    finally:
        if own:
            own.wait()


def _ask(key: tuple[str, ...], what: Told) -> "_Sent":
    take_public()
    connection = connections["shared"]

    def send(sql: Prepared, given: list[str], _many: bool, _context: Any) -> "_Sent":
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            return _Sent(connection.connection, sql, given)

    sent: _Sent = through_wrappers(connection, _statement(what.text), what.parameters, send)
    if not connection.in_atomic_block:  # what an open transaction sees is nobody else's business
        if len(_latest) >= MOST:
            _latest.clear()
        _latest[key] = sent
    return sent


@cache
def _statement(text: Prepared) -> Prepared:
    return Prepared(f"SELECT {text}")


@cache
def _name(text: Prepared) -> bytes:
    return b"again_" + hashlib.sha256(text.encode()).hexdigest()[:32].encode()


class _Sent:
    """A statement on its way, for any thread to wait for. psycopg has no cursor for that, so it is libpq that is spoken to.

    `at` is a moment before the server saw it.
    """

    def __init__(self, connection: Any, text: Prepared, parameters: list[str]) -> None:
        self.at = monotonic()
        self._connection, self._server = connection, connection.pgconn
        self._text, self._given = text, [each.encode() for each in parameters]
        self._result: Any = None
        self._error: Exception | None = None
        self._receiving = threading.Lock()
        self._send()

    @property
    def is_under_way(self) -> bool:
        """Say whether nobody has received the answer yet."""
        return self._result is None and self._error is None

    @property
    def has_failed(self) -> bool:
        """Say whether there is no answer and will be none."""
        return self._error is not None

    def value(self) -> bytes | None:
        """Wait for the answer and return its value, or raise what went wrong."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result.get_value(0, 0) if self._result.ntuples else None

    def wait(self) -> None:
        """Wait until the connection is free again; whoever comes first receives the answer, and the others find it."""
        with self._receiving:
            if self.is_under_way:
                self._receive()

    def _receive(self) -> None:
        try:
            result = self._received()
            if result.error_field(pq.DiagnosticField.SQLSTATE) == UNKNOWN_STATEMENT:
                self._known().clear()
                self._send()
                result = self._received()
            self._result = _checked(result)
        except Exception as error:  # whoever wants the value is told
            self._error = error
        finally:
            self._connection = self._server = None  # they are somebody else's from here on

    def _known(self) -> set[bytes]:
        """Return the names of what is prepared on the connection; psycopg lets go of everything after a ROLLBACK, for one."""
        return self._connection.__dict__.setdefault("asked_again", set())

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
