"""Run the local Stripe: `python -m billing.local_stripe --help`."""

import argparse
import signal
import threading
from pathlib import Path

from billing.local_stripe.local import Local
from billing.local_stripe.renewals import settle
from billing.local_stripe.server import Server

EVERY = 1  # seconds between looks at what time has made due


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m billing.local_stripe", description="A Stripe of one's own for development and tests."
    )
    parser.add_argument("--port", type=int, required=True, help="where to listen, on loopback")
    parser.add_argument("--data", required=True, help="the file that everything is kept in, or :memory:")
    parser.add_argument("--webhook-url", help="where events are delivered to")
    parser.add_argument("--webhook-secret", help="what events are signed with: whsec_…")
    parser.add_argument("--api-key", help="the only key that is let in: sk_test_… (any test key without it)")
    given = parser.parse_args()
    if bool(given.webhook_url) != bool(given.webhook_secret):
        parser.error("--webhook-url and --webhook-secret go together")
    if given.webhook_secret and not given.webhook_secret.startswith("whsec_"):
        parser.error("--webhook-secret begins with whsec_")
    return given


def main() -> None:
    """Serve until told to stop."""
    given = arguments()
    path = None if given.data == ":memory:" else Path(given.data)
    local = Local(path, webhook_url=given.webhook_url, webhook_secret=given.webhook_secret)
    server = Server(("127.0.0.1", given.port), local, given.api_key)
    local.origin = f"http://127.0.0.1:{given.port}"
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    local.delivery.start()
    # allow raw-thread: this server has no tenants
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"The local Stripe answers at {local.origin}", flush=True)
    while not stopped.wait(EVERY):
        with local.lock:
            if settle(local):
                local.store.save()
        local.delivery.release()
    server.shutdown()
    local.delivery.stop()


if __name__ == "__main__":
    main()
