"""Send one request to somebody else's address, and never wait longer or take more than is said here."""

import http.client  # allow raw-http: this is the guarded client
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from tessera.webhooks.addresses import Refusal, Target, read_url, resolve
from tessera.webhooks.models import RESPONSE_KEPT

CONNECT, TOTAL = 3.0, 10.0  # seconds
TRIED = 2  # addresses of one host


@dataclass(frozen=True)
class Outcome:
    """What came of a request: the status, or why there is none."""

    status: int | None = None
    error: str = ""
    body: str = ""
    duration_ms: int = 0

    @property
    def is_done(self) -> bool:
        """Say whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class _Deadline:
    """What a socket may still wait; each single read asks, so that one byte a second does not go on for ever."""

    ends = 0.0

    def left(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the receiver took too long")
        return left


class _Plain(_Deadline, socket.socket):
    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(self.left())
        return super().recv_into(*arguments)


class _Secure(_Deadline, ssl.SSLSocket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        if self._connected:  # type: ignore[attr-defined]
            self.settimeout(self.left())
        return super().recv_into(*arguments, **options)


@cache
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _Secure
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Post a body to a URL; whatever goes wrong is an outcome. Redirects are not followed."""
    begun = time.monotonic()
    ends = begun + TOTAL
    try:
        status, answer = _exchange(resolve(read_url(url)), body, headers, ends)
        outcome = Outcome(status, "", answer)
    except Refusal as refusal:
        outcome = Outcome(error=f"refused: {refusal}")
    except (OSError, http.client.HTTPException) as error:
        outcome = Outcome(error=f"{type(error).__name__}: {error}"[:300])
    return Outcome(outcome.status, outcome.error, outcome.body, round((time.monotonic() - begun) * 1000))


def _exchange(target: Target, body: bytes, headers: dict[str, str], ends: float) -> tuple[int, str]:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _connected(target, ends)
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": target.authority, "Content-Length": str(len(body)), "Connection": "close", **headers}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read(RESPONSE_KEPT).decode(errors="replace").replace("\0", "")
    finally:
        connection.close()


def _connected(target: Target, ends: float) -> socket.socket:
    """Return a socket to the first address that takes one, secured for the name that was asked for."""
    failure: OSError = OSError("there is no address")
    for address in target.addresses[:TRIED]:
        plain = _Plain(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        plain.ends = ends
        try:
            plain.settimeout(min(CONNECT, plain.left()))
            plain.connect((address, target.port))
            plain.settimeout(plain.left())
            if target.scheme != "https":
                return plain
            secure = _trust().wrap_socket(plain, server_hostname=target.host)
            secure.ends = ends  # type: ignore[attr-defined]  # the context makes ours
            return secure
        except OSError as error:
            plain.close()
            failure = error
    raise failure
