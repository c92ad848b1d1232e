"""A receiver on this machine, which answers as a test has it and keeps what it was sent."""

import socket
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import new as hmac
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Sent:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return orjson.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Verify as a receiver does that follows Standard Webhooks."""
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        made = b64encode(hmac(b64decode(secret.removeprefix("whsec_")), signed, sha256).digest()).decode()
        return f"v1,{made}" in self.headers["webhook-signature"].split(" ")


class Receiver(ThreadingHTTPServer):
    """A server on loopback; `answer` gets the handler of a request and writes what it likes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/in"
        self.got: list[Sent] = []
        self.connections = 0
        self.status, self.answer = 200, None
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: senders go away when they have enough."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got.append(Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if server.answer:
            server.answer(self)
            return
        self.send_response(server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


def redirecting(to: str) -> Callable[[Any], None]:
    """Answer with a redirect."""

    def answer(handler: Any) -> None:
        handler.send_response(307)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def dripping(handler: Any) -> None:
    """Answer one byte at a time, slowly and for ever."""
    with_socket: socket.socket = handler.connection
    with_socket.sendall(b"HTTP/1.1 200 OK\r\n")
    try:
        while True:
            with_socket.sendall(b"x")
            time.sleep(0.05)
    except OSError:
        pass


def gushing(handler: Any) -> None:
    """Answer with a gigabyte."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(2**30))
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        pass


@dataclass
class Names:
    """A resolver that answers what it is told, one answer after the other; the last one stays."""

    answers: list[list[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int, **options: Any) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in found]
