"""A local Stripe inside a test's own process: `with running() as stripe: stripe.client.v1.customers.create(…)`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stripe as sdk

from billing.local_stripe.checkout_completion import complete
from billing.local_stripe.faults import Faults
from billing.local_stripe.local import Local
from billing.local_stripe.renewals import settle
from billing.local_stripe.server import Server
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, SECRET = "sk_test_local", "whsec_local"


class LocalStripe:
    """A running local Stripe, and what a test does to it that no API call does. Its clock stands still until it is moved."""

    def __init__(self, local: Local, server: Server) -> None:
        self.local = local
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.client = sdk.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0)

    @property
    def now(self) -> int:
        """The moment in the local Stripe."""
        return self.local.clock.now()

    def advance(self, seconds: int = 0, *, days: int = 0) -> int:
        """Move the clock forward, doing all that becomes due on the way; return the new moment."""
        with self._working():
            self.local.clock.move(self.local.clock.now() + seconds + days * 86400)
            settle(self.local)
        return self.now

    def pay(self, session: str, card: str | None = "visa", **told: str) -> Row:
        """Complete a checkout session as its customer: with a test card, past its 3-D Secure, or with none on a free trial.

        `told` is what the page asks for: `name`, `country`, `tax_id`, `tax_id_type`.
        """
        with self._working():
            row = self.local.store.get("checkout.session", session)
            if complete(self.local, row, card, told) == "requires_action":
                complete(self.local, row, card, told, authenticated=True)
            return dict(row)

    def faults(self, **faults: Any) -> None:
        """Set what goes wrong from now on, and only that (`faults.Faults` lists it)."""
        with self.local.lock:
            self.local.faults = Faults(**faults)

    def drain(self, timeout: Any = 30) -> None:
        """Wait until every event was delivered or given up."""
        self.local.delivery.drain(timeout)

    def deliver(self) -> None:
        """Deliver all events that wait in this very thread, so that what receives them sees the test's own transaction.

        For a local Stripe that runs with `deliver=False`; new events that this brings about are delivered too.
        """
        self.local.delivery.flush()

    def events(self, *kinds: str) -> list[Row]:
        """Return the events so far, the oldest first, of these types or all."""
        with self.local.lock:
            return [row for row in self.local.store.of("event") if not kinds or row["type"] in kinds]

    def deliver_to(self, receive: "Callable[[bytes, str], int]") -> None:
        """Deliver events by calling a function (body, signature header) that returns a status, instead of over HTTP."""
        from billing.local_stripe.delivery import by_call

        self.local.delivery.post = by_call(receive)
        self.local.delivery.url = "call:"

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self.local.lock:
            self.local.origin = self.local.origin or self.url
            yield
            self.local.quiet_until = None
            self.local.store.save()
        self.local.delivery.release()


@contextmanager
def running(
    path: Path | None = None,
    *,
    webhook_url: str | None = None,
    webhook_secret: str = SECRET,
    at: int | None = None,
    retries: tuple[Any, ...] = (),
    deliver: bool = True,
) -> Iterator[LocalStripe]:
    """Run a local Stripe on a free port of loopback until the block ends.

    `at` is where its clock stands (now by default); `retries` are the seconds between attempts to deliver an event, none by default:
    what is not taken at once is listed as undelivered.
    """
    local = Local(path, webhook_url=webhook_url, webhook_secret=webhook_secret)
    local.clock.freeze(at)
    local.delivery.retries = retries
    server = Server(("127.0.0.1", 0), local, KEY)
    if deliver:
        local.delivery.start()
    # allow raw-thread: this server has no tenants
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield LocalStripe(local, server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if deliver:
            local.delivery.stop()
