"""Deliver events to webhook endpoints: signed, from a thread of its own, again and again until one is taken."""

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

# allow raw-http: this server is a product of its own and delivers to the addresses it was told
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from billing.local_stripe.rendering import shown
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

RETRIES = (1, 2, 4, 8, 16, 32)  # seconds; Stripe goes on for three days
REORDER_SECONDS = 1.0  # held events go out after this even when too few came to be shuffled
TIMEOUT = 10
Outcome = tuple[int | None, str | None]
Post = Callable[[str, str, str], Outcome]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


OPENER = build_opener(ProxyHandler({}), _NoRedirects())


def signature(body: str, secret: str, at: int) -> str:
    """Return the Stripe-Signature header of a body: HMAC-SHA256 over `<seconds>.<body>`."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Delivery:
    """The queue of events on their way; `log` tells each attempt, the newest last."""

    def __init__(self, local: "Local", url: str | None, secret: str | None) -> None:
        self.local, self.url, self.secret = local, url, secret
        self.retries: tuple[Any, ...] = RETRIES
        self.post: Post = post
        self.log: deque[Row] = deque(maxlen=1000)
        self._fresh: list[Row] = []
        self._held: list[Row] = []
        self._held_since: Any = 0
        self._due: list[tuple[Any, int, Row]] = []
        self._wake = threading.Condition()
        self._busy = False
        self._stopped = False
        self._thread: threading.Thread | None = None

    def endpoints(self, kind: str) -> list[Row]:
        """Return where events of a type go: the address of the command line, and the endpoints made through the API."""
        found = [{"id": "we_local", "url": self.url, "secret": self.secret, "api_version": None}] if self.url else []
        for row in self.local.store.of("webhook_endpoint", status="enabled"):
            if "*" in row["enabled_events"] or kind in row["enabled_events"]:
                found.append({**{name: row[name] for name in ("id", "url", "api_version")}, "secret": row["_secret"]})
        return found

    def announce(self, event: Row) -> int:
        """Take an event that was just made; it leaves after the call that made it is kept. Return its number of endpoints."""
        places = self.endpoints(event["type"])
        if places:
            self._fresh.append(event)
        return len(places)

    def release(self) -> None:
        """Send off what the calls that ended have announced; none of a call that still runs, which holds the lock."""
        with self.local.lock, self._wake:
            for event in self._fresh:
                self._take(event)
            self._fresh.clear()
            self._wake.notify_all()

    def _take(self, event: Row) -> None:
        faults = self.local.faults
        if faults.reorder > 1 and faults.suffers(event["type"]):
            self._held_since = self._held_since if self._held else time.monotonic()
            self._held.append(event)
            if len(self._held) >= faults.reorder:
                self._let_go()
        else:
            self._schedule(event)

    def _let_go(self) -> None:
        for event in self.local.faults.shuffled(self._held):
            self._schedule(event)
        self._held = []

    def _schedule(self, event: Row) -> None:
        faults = self.local.faults
        if faults.drops(event["type"]):
            event["_failed"] = True
            for place in self.endpoints(event["type"]):
                self._note(event, place, 0, None, "dropped by a fault")
            return
        late = time.monotonic() + (seconds(faults.delay) if faults.suffers(event["type"]) else 0)
        copies = 1 + (faults.duplicate if faults.suffers(event["type"]) else 0)
        for place in self.endpoints(event["type"]):
            for number in range(copies):
                self._due.append((late, 0, {"event": event, "place": place, "copy": number}))

    def start(self) -> None:
        """Deliver from now on; what an earlier run could not deliver is due again."""
        with self.local.lock:
            for event in self.local.store.of("event"):
                if event["pending_webhooks"] > 0 and not event["_failed"]:
                    self._fresh.append(event)
        self.release()
        # allow raw-thread: this server has no tenants
        self._thread = threading.Thread(target=self._run, name="local-stripe-delivery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the delivery at hand."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join()

    def flush(self) -> None:
        """Deliver everything that waits here and now, in the caller's thread and in the order it is due; nothing is waited for."""
        with self._wake:
            if self._held:
                self._let_go()
        while self._due:
            first = min(range(len(self._due)), key=lambda number: (self._due[number][0], number))
            _, attempt, item = self._due.pop(first)
            self._attempt(attempt, item)

    def drain(self, timeout: Any = 30) -> None:
        """Wait until nothing is on its way (retries included)."""
        with self._wake:
            if self._held:
                self._let_go()
                self._wake.notify_all()
            if not self._wake.wait_for(lambda: not (self._due or self._held or self._busy), timeout):
                raise TimeoutError(f"still on their way: {[each[2]['event']['type'] for each in self._due]}")

    def _run(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                item = self._next()
                if item is None:
                    return
                self._busy = True
            self._attempt(*item)

    def _next(self) -> tuple[int, Row] | None:
        """Wait for the next delivery that is due; None when stopped. The caller holds `_wake`."""
        while not self._stopped:
            now = time.monotonic()
            if self._held and now - self._held_since >= REORDER_SECONDS:
                self._let_go()
            if self._due:
                first = min(range(len(self._due)), key=lambda number: (self._due[number][0], number))
                at, attempt, item = self._due[first]
                if at <= now:
                    del self._due[first]
                    return attempt, item
                self._wake.wait(min(at - now, 0.2))
            else:
                self._wake.wait(0.2 if self._held else None)
        return None

    def _attempt(self, attempt: int, item: Row) -> None:
        event, place = item["event"], item["place"]
        with self.local.lock:
            told = shown(self.local, event)
            told["api_version"] = place["api_version"] or told["api_version"]
            spoiled = self.local.faults.spoils(event["type"])
        body = json.dumps(told)
        secret = "whsec_another" if spoiled else place["secret"] or ""
        status, problem = self.post(place["url"], body, signature(body, secret, int(time.time())))
        with self.local.lock:
            self._note(event, place, attempt, status, problem)
            taken = status is not None and 200 <= status < 300
            again = not taken and attempt < len(self.retries)
            if taken and item["copy"] == 0:
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            elif not taken and not again:
                event["_failed"] = True
            self.local.store.save()
        if again:
            with self._wake:
                self._due.append((time.monotonic() + self.retries[attempt], attempt + 1, item))

    def _note(self, event: Row, place: Row, attempt: int, status: int | None, problem: str | None) -> None:
        self.log.append(
            {
                "object": "local.delivery",
                "event": event["id"],
                "type": event["type"],
                "endpoint": place["id"],
                "url": place["url"],
                "attempt": attempt,
                "status": status,
                "problem": problem,
            }
        )


def seconds(exact: Any) -> Any:
    """Return an exact number of seconds as the machine's own clock counts them."""
    return exact if isinstance(exact, int) else exact.__float__()


def post(url: str, body: str, signed: str) -> Outcome:
    """Send a signed body; return the status of the answer, or None and what went wrong."""
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signed, "User-Agent": "Stripe/1.0 (local)"}
    try:
        with OPENER.open(Request(url, body.encode(), headers), timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.status, None
    except HTTPError as error:
        return error.code, error.reason
    except (URLError, OSError) as error:
        return None, str(error)


def by_call(receive: Callable[[bytes, str], int]) -> Post:
    """Return a way to send that calls a function with body and signature header instead, which returns the status."""
    return lambda url, body, signed: (receive(body.encode(), signed), None)
