"""What time does by itself: the work that is due, in the order it became due, each at its own moment."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from billing.local_stripe import checkout, lifecycle, transfers
from billing.local_stripe.changes import items_of
from billing.local_stripe.clock import HOUR
from billing.local_stripe.events import changing
from billing.local_stripe.invoice_payments import attempt
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

Work = tuple[int, int, Callable[[], None]]
INCOMPLETE = 23 * HOUR


def settle(local: "Local") -> bool:
    """Do everything that the general clock has made due; say whether there was anything."""
    now, some = local.clock.now(), False
    while work := _first(local, None, now):
        some = True
        with local.clock.as_of(work[0]):
            work[2]()
    return some


def settle_clock(local: "Local", clock: Row, to: int) -> None:
    """Move a test clock, doing what becomes due on the way."""
    while work := _first(local, clock["id"], to):
        clock["frozen_time"] = max(work[0], clock["frozen_time"])
        work[2]()
    clock["frozen_time"] = to


def _first(local: "Local", clock: str | None, until: int) -> Work | None:
    due = [work for work in _all(local, clock) if work[0] <= until]
    return min(due, key=lambda work: (work[0], work[1])) if due else None


def _all(local: "Local", clock: str | None) -> Iterator[Work]:
    for subscription in local.store.of("subscription", test_clock=clock):
        if subscription["status"] not in OVER:
            yield from _of_subscription(local, subscription)
    for invoice in local.store.of("invoice", test_clock=clock):
        if invoice["status"] in ("draft", "open"):
            yield from _of_invoice(local, invoice)
    if clock is None:
        for session in local.store.of("checkout.session", status="open"):
            yield session["expires_at"], 8, partial(checkout.expire, local, session)
        for payout in local.store.of("payout", status="pending"):
            yield payout["arrival_date"], 9, partial(transfers.arrive, local, payout)


def _of_subscription(local: "Local", subscription: Row) -> Iterator[Work]:
    status = subscription["status"]
    if status == "incomplete":
        yield subscription["created"] + INCOMPLETE, 5, partial(lifecycle.expire, local, subscription)
        return
    if status == "trialing" and not subscription["_warned"]:
        yield subscription["trial_end"] - lifecycle.WARNING, 1, partial(lifecycle.warn, local, subscription)
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"] is not None:
        yield pause["resumes_at"], 2, partial(_resume_collection, local, subscription)
    if subscription["cancel_at"] is not None:
        yield subscription["cancel_at"], 3, partial(_end, local, subscription)
    if status != "paused":
        yield items_of(local, subscription)[0]["current_period_end"], 4, partial(lifecycle.renew, local, subscription)


def _of_invoice(local: "Local", invoice: Row) -> Iterator[Work]:
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is not None:
        yield invoice["automatically_finalizes_at"], 6, partial(lifecycle.collect, local, invoice)
    if invoice["status"] == "open" and invoice["next_payment_attempt"] is not None:
        yield invoice["next_payment_attempt"], 7, partial(_retry, local, invoice)


def _retry(local: "Local", invoice: Row) -> None:
    invoice["next_payment_attempt"] = None
    attempt(local, invoice)


def _end(local: "Local", subscription: Row) -> None:
    """Cancel at the moment that was set; what was used until then is billed."""
    lifecycle.cancel(local, subscription, reason="cancellation_requested", invoice_now=True)


def _resume_collection(local: "Local", subscription: Row) -> None:
    with changing(local, "customer.subscription.updated", subscription):
        subscription["pause_collection"] = None
