"""The HTTP server: one thread a connection, JSON for the SDK and pages for browsers."""

import json
import re
import secrets
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import billing.local_stripe.api  # noqa: F401 - registers every route
from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import API_VERSION
from billing.local_stripe.local import Local
from billing.local_stripe.routing import Page, Request


class Server(ThreadingHTTPServer):
    """Serve a local Stripe; `api_key` None takes any test key."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], local: Local, api_key: str | None = None) -> None:
        self.local, self.api_key = local, api_key
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """Read one request, answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the acknowledgement of its headers
    server: Server
    _loses = False

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_DELETE = do_GET

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        url = urlsplit(self.path)
        request = Request(
            id=f"req_{secrets.token_hex(7)}",
            method=self.command,
            path=url.path,
            form={},
            idempotency_key=self.headers.get("Idempotency-Key"),
            account=self.headers.get("Stripe-Account"),
            version=self.headers.get("Stripe-Version"),
            origin=f"http://{self.headers.get('Host', '127.0.0.1')}",
        )
        try:
            if url.path.startswith("/v1/"):
                if not self._in_service():
                    return
                self._let_in(request)
            request.form = forms.decode("&".join(filter(None, (url.query, body))))
            status, answer, replay = self.server.local.answer(request)
        except StripeError as error:
            status, answer, replay = error.status, error.body(), False
        except Exception:
            traceback.print_exc()  # a fault of this server: it is for whoever runs it, the client is told that it is not theirs
            status, replay = 500, False
            answer = {"error": {"type": "api_error", "message": "The local Stripe failed; its output says why."}}
        if self._loses:
            self._loses = False
            self.close_connection = True
        else:
            self._send(request, status, answer, replay)

    def _in_service(self) -> bool:
        """Do what an outage does to this request, if there is one."""
        local = self.server.local
        with local.lock:
            refusal = local.faults.refusal()
        if refusal == "refuse":
            self.close_connection = True
        elif refusal == "503":
            self._write(
                503, b'{"error":{"type":"api_error","message":"Service unavailable"}}', {"Content-Type": "application/json"}
            )
        elif refusal == "lose":
            self._loses = True
        return refusal in ("none", "lose")

    def _let_in(self, request: Request) -> None:
        scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
        if scheme != "Bearer" or not key:
            raise StripeError("You did not provide an API key.", status=401)
        if not key.startswith(("sk_test_", "rk_test_")) or (self.server.api_key and key != self.server.api_key):
            raise StripeError(f"Invalid API Key provided: {key[:7]}****{key[-4:]}", status=401)
        if request.version and not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.[a-z_]+)?", request.version):
            raise StripeError(f"Invalid Stripe API version: {request.version}")

    def _send(self, request: Request, status: int, answer: Any, replay: bool) -> None:
        if isinstance(answer, Page):
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            self._write(status, body, {"Content-Type": answer.content_type, **answer.headers})
            return
        headers = {
            "Content-Type": "application/json",
            "Request-Id": request.id,
            "Stripe-Version": request.version or API_VERSION,
        }
        if request.idempotency_key:
            headers["Idempotency-Key"] = request.idempotency_key
        if replay:
            headers["Idempotent-Replayed"] = "true"
        self._write(status, json.dumps(answer).encode(), headers)

    def _write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Cache-Control": "no-store"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: what happened is asked at `/_local/deliveries` and in the events."""
