"""A client that keeps several connections busy and does as little as it can besides."""

import itertools
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack

CONNECTIONS = 8


def request(path: str, host: str, *, body: bytes = b"", headers: Sequence[str] = ()) -> bytes:
    """Return an HTTP request: a POST of JSON where there is a body."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Answer:
    """One response as it comes in."""

    __slots__ = ("data", "status", "wanted")

    def __init__(self, status: str | None = "200") -> None:
        self.data, self.wanted, self.status = bytearray(), 0, status

    def take(self, part: bytes) -> bool:
        """Add what came; say whether that was all."""
        if not part:
            raise ConnectionError("the server closed the connection")
        self.data += part
        if not self.wanted:
            head = self.data.find(b"\r\n\r\n")
            if head < 0:
                return False
            if self.status and not self.data.startswith(f"HTTP/1.1 {self.status} ".encode()):
                raise ConnectionError(bytes(self.data[:500]).decode(errors="replace"))
            if b"transfer-encoding: chunked" in self.data[:head].lower():
                return self.data.endswith(b"\r\n0\r\n\r\n")
            at = self.data.lower().index(b"content-length:", 0, head + 2)
            self.wanted = head + 4 + int(self.data[at + 15 : self.data.index(b"\r\n", at)])
        return len(self.data) >= self.wanted

    @property
    def body(self) -> bytes:
        """Return the body of an answer that said how long it is."""
        return bytes(self.data[self.data.index(b"\r\n\r\n") + 4 :])


def ask(port: int, message: bytes, *, status: str | None = "200") -> bytes:
    """Return the body that a request is answered with; with None for `status` whatever that is."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(message)
        answer = Answer(status)
        while not answer.take(connection.recv(262_144)):
            pass
        return answer.body


def drive(port: int, messages: Sequence[bytes], *, seconds: float) -> tuple[int, float]:
    """Send the messages in turn over all connections for some seconds; return how many were answered, in how many seconds.

    It goes on until each connection could have been answered once.
    """
    following = itertools.cycle(messages)
    answered = 0
    with ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(connection, selectors.EVENT_READ, Answer())
            connection.sendall(next(following))
        since = time.perf_counter()
        until = since + seconds
        while time.perf_counter() < until or answered < CONNECTIONS:
            for key, _events in waiting.select():
                own: socket.socket = key.fileobj  # type: ignore[assignment]
                answer: Answer = key.data
                if answer.take(own.recv(262_144)):
                    answered += 1
                    answer.data, answer.wanted = bytearray(), 0
                    own.sendall(next(following))
        spent = time.perf_counter() - since
    return answered, spent


def timed_asks(port: int, messages: Sequence[bytes], *, seconds: float) -> list[float]:
    """Send each message again and again over a connection of its own; return how many seconds each answer took."""
    took = []
    with ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        since = {}
        for message in messages:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(connection, selectors.EVENT_READ, (message, Answer()))
            since[connection] = time.perf_counter()
            connection.sendall(message)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for key, _events in waiting.select():
                own: socket.socket = key.fileobj  # type: ignore[assignment]
                message, answer = key.data
                if answer.take(own.recv(262_144)):
                    now = time.perf_counter()
                    took.append(now - since[own])
                    answer.data, answer.wanted = bytearray(), 0
                    since[own] = now
                    own.sendall(message)
    return took


def paced(port: int, messages: Sequence[bytes], *, pace: float) -> list[float]:
    """Send each message at its own moment, `pace` a second, whatever became of those before; return the seconds to each answer.

    They count from the planned moment, so that a server which stands still is seen by all who would have come meanwhile.
    """
    took: list[float] = []
    left = list(reversed(messages))
    idle: list[socket.socket] = []
    with ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        since = time.perf_counter()
        sent = 0
        while len(took) < len(messages):
            due = since + sent / pace
            for key, _events in waiting.select(max(0.0, due - time.perf_counter()) if left else None):
                own: socket.socket = key.fileobj  # type: ignore[assignment]
                planned, answer = key.data
                if answer.take(own.recv(262_144)):
                    took.append(time.perf_counter() - planned)
                    waiting.unregister(own)
                    idle.append(own)
            if left and time.perf_counter() >= due:
                connection = idle.pop() if idle else stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                waiting.register(connection, selectors.EVENT_READ, (due, Answer()))
                connection.sendall(left.pop())
                sent += 1
    return took
