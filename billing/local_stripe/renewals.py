"""What time does by itself: the work that is due, in the order it became due, each at its own moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from billing.local_stripe import checkout, lifecycle, transfers
from billing.local_stripe.changes import items_of
from billing.local_stripe.clock import DAY, HOUR
from billing.local_stripe.events import changing
from billing.local_stripe.invoice_payments import attempt
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

INCOMPLETE = 23 * HOUR
FAR = 365 * DAY


@dataclass(frozen=True)
class Work:
    """Something that is due at a moment; at the same moment the lower order goes first. `of` is whose rows it changes."""

    at: int
    order: int
    of: str
    do: Callable[[], None]


def settle(local: "Local") -> bool:
    """Do everything that the general clock has made due; say whether there was anything."""
    now, some = local.clock.now(), False
    if local.quiet_until is not None and now < local.quiet_until:
        return False
    while works := _next(local, None, now):
        some = True
        for work in works:
            with local.clock.as_of(work.at):
                work.do()
    local.quiet_until = min((work.at for work in _all(local, None)), default=now + FAR)
    return some


def settle_clock(local: "Local", clock: Row, to: int) -> None:
    """Move a test clock, doing what becomes due on the way."""
    while works := _next(local, clock["id"], to):
        clock["frozen_time"] = max(works[0].at, clock["frozen_time"])
        for work in works:
            work.do()
    clock["frozen_time"] = to


def _next(local: "Local", clock: str | None, until: int) -> list[Work]:
    """Return what is due first, and at the same moment for others: one work may undo the next of the same customer."""
    first: dict[str, Work] = {}
    for work in _all(local, clock):
        kept = first.get(work.of)
        if work.at <= until and (kept is None or (work.at, work.order) < (kept.at, kept.order)):
            first[work.of] = work
    moment = min((work.at for work in first.values()), default=0)
    return sorted((work for work in first.values() if work.at == moment), key=lambda work: work.order)


def _all(local: "Local", clock: str | None) -> Iterator[Work]:
    for subscription in local.store.of("subscription", test_clock=clock):
        if subscription["status"] not in OVER:
            yield from _of_subscription(local, subscription)
    for invoice in local.store.of("invoice", test_clock=clock):
        if invoice["status"] in ("draft", "open"):
            yield from _of_invoice(local, invoice)
    if clock is None:
        for session in local.store.of("checkout.session", status="open"):
            yield Work(session["expires_at"], 8, session["id"], partial(checkout.expire, local, session))
        for payout in local.store.of("payout", status="pending"):
            yield Work(payout["arrival_date"], 9, payout["id"], partial(transfers.arrive, local, payout))


def _of_subscription(local: "Local", subscription: Row) -> Iterator[Work]:
    status, of = subscription["status"], subscription["customer"]
    if status == "incomplete":
        yield Work(subscription["created"] + INCOMPLETE, 5, of, partial(lifecycle.expire, local, subscription))
        return
    if status == "trialing" and not subscription["_warned"]:
        yield Work(subscription["trial_end"] - lifecycle.WARNING, 1, of, partial(lifecycle.warn, local, subscription))
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"] is not None:
        yield Work(pause["resumes_at"], 2, of, partial(_resume_collection, local, subscription))
    if subscription["cancel_at"] is not None:
        yield Work(subscription["cancel_at"], 3, of, partial(_end, local, subscription))
    if status != "paused":
        yield Work(items_of(local, subscription)[0]["current_period_end"], 4, of, partial(lifecycle.renew, local, subscription))


def _of_invoice(local: "Local", invoice: Row) -> Iterator[Work]:
    of = invoice["customer"]
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is not None:
        yield Work(invoice["automatically_finalizes_at"], 6, of, partial(lifecycle.collect, local, invoice))
    if invoice["status"] == "open" and invoice["next_payment_attempt"] is not None:
        yield Work(invoice["next_payment_attempt"], 7, of, partial(_retry, local, invoice))


def _retry(local: "Local", invoice: Row) -> None:
    invoice["next_payment_attempt"] = None
    attempt(local, invoice)


def _end(local: "Local", subscription: Row) -> None:
    """Cancel at the moment that was set; what was used until then is billed."""
    lifecycle.cancel(local, subscription, reason="cancellation_requested", invoice_now=True)


def _resume_collection(local: "Local", subscription: Row) -> None:
    with changing(local, "customer.subscription.updated", subscription):
        subscription["pause_collection"] = None
