"""The local Stripe itself: its rows, its clock, and how one call is answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from billing.local_stripe import idempotency, routing
from billing.local_stripe.clock import Clock
from billing.local_stripe.delivery import Delivery
from billing.local_stripe.errors import StripeError
from billing.local_stripe.faults import Faults
from billing.local_stripe.rendering import expand, shown
from billing.local_stripe.store import Row, Store

OF_ACCOUNTS = ("/v1/accounts", "/v1/balance", "/v1/payouts")


class Local:
    """One Stripe account with everything in it; whoever touches its rows holds `lock`."""

    muted = False  # no events, as in a copy
    previewing = False  # drafts stay drafts, and nothing is collected

    def __init__(self, path: Path | None = None, *, webhook_url: str | None = None, webhook_secret: str | None = None) -> None:
        self.lock = threading.RLock()
        self.store = Store(path)
        self.clock = Clock(self.store.settings.setdefault("clock", {}))
        self.faults = Faults()
        self.delivery = Delivery(self, webhook_url, webhook_secret)
        self.request: routing.Request | None = None
        self.origin = ""
        self.quiet_until: int | None = None  # nothing is due by the general clock before this, unless a call changes something

    def now(self, of: Row | None = None) -> int:
        """Return the moment for a row: its test clock's, if it or its customer hangs on one."""
        if of is not None:
            clock = of.get("test_clock")
            customer = of.get("customer") or of.get("_customer")
            if not clock and customer and (found := self.store.kinds.get("customer", {}).get(customer)):
                clock = found.get("test_clock")
            if clock and (kept := self.store.kinds.get("test_helpers.test_clock", {}).get(clock)):
                return int(kept["frozen_time"])
        return self.clock.now()

    def answer(self, request: routing.Request) -> tuple[int, Any, bool]:
        """Answer a call: status, body, and whether the answer was given before under its idempotency key."""
        from billing.local_stripe.renewals import settle

        with self.lock:
            self.request, self.origin = request, request.origin
            try:
                moved = settle(self)
                if request.idempotency_key and request.method == "POST" and (kept := idempotency.replayed(self, request)):
                    return *kept, True
                status, body = self._fresh(request)
                if request.method != "GET":
                    self.quiet_until = None
                if moved or request.method != "GET":
                    self.store.save()
                return status, body, False
            except StripeError as error:  # one that was kept for another body
                return error.status, error.body(), False
            finally:
                self.request = None
                self.delivery.release()

    def _fresh(self, request: routing.Request) -> tuple[int, Any]:
        form = dict(request.form)
        paths = form.pop("expand", [])
        try:
            if request.account and not request.path.startswith(OF_ACCOUNTS):
                raise StripeError(
                    "The local Stripe keeps balances and payouts of connected accounts, and nothing else of theirs."
                )
            answer, keys = routing.find(request)
            body = answer(self, form, *keys)
            if isinstance(body, routing.Page):
                return body.status, body
            if body.get("object") != "list" and not body.get("deleted") and not body.pop("_shown", False):
                body = shown(self, body)
            for path in paths:
                body = expand(self, body, path.split("."), path)
            status = 200
        except StripeError as error:
            status, body = error.status, error.body()
        idempotency.remember(self, request, status, body)
        return status, body

    @contextmanager
    def copy_of(self, customer: str) -> Iterator["Local"]:
        """Give a silent copy with everything of one customer, to try out what would happen."""
        other = object.__new__(Local)
        other.__dict__.update(self.__dict__)
        other.store = self.store.fork(customer)
        other.clock = Clock(dict(self.clock.state))
        other.clock.freeze(self.clock.now())
        other.muted = True
        yield other
