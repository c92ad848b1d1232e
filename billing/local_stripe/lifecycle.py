"""The life of a subscription: its periods, its invoices, its end."""

from typing import TYPE_CHECKING

from billing.local_stripe.calendar_months import period_around
from billing.local_stripe.changes import items_of
from billing.local_stripe.clock import DAY, HOUR
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import attempt, give_up, intent_of
from billing.local_stripe.invoices import draw_up, finalize, waiting
from billing.local_stripe.lines import period_line, trial_line, usage_line
from billing.local_stripe.proration import credit, is_metered
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

WARNING = 3 * DAY  # a trial's end is announced this long before


def customer_of(local: "Local", subscription: Row) -> Row:
    """Return whose subscription it is."""
    return local.store.kinds["customer"][subscription["customer"]]


def set_period(local: "Local", subscription: Row, period: tuple[int, int]) -> None:
    """Let a period run for every item."""
    for item in items_of(local, subscription):
        item.update(current_period_start=period[0], current_period_end=period[1])
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period[1]


def period_at(local: "Local", subscription: Row, moment: int) -> tuple[int, int]:
    """Return the period of the subscription's rhythm around a moment."""
    first = items_of(local, subscription)[0]
    return period_around(subscription["billing_cycle_anchor"], local.store.kinds["price"][first["price"]]["recurring"], moment)


def period_lines(local: "Local", subscription: Row, period: tuple[int, int]) -> list[Row]:
    """Return the lines of the licensed items for a period."""
    return [period_line(local, item, period) for item in items_of(local, subscription) if not is_metered(local, item)]


def usage_lines(local: "Local", subscription: Row, until: int) -> list[Row]:
    """Return the lines of the metered items from the start of their period until a moment."""
    metered = [item for item in items_of(local, subscription) if is_metered(local, item)]
    return [usage_line(local, item, (item["current_period_start"], until)) for item in metered]


def bill(local: "Local", subscription: Row, reason: str, lines: list[Row], **fields: object) -> Row:
    """Draw up an invoice and collect it at once."""
    invoice = draw_up(local, customer_of(local, subscription), subscription, reason, lines, **fields)  # type: ignore[arg-type]
    collect(local, invoice)
    return invoice


def collect(local: "Local", invoice: Row, *, automatic: bool = True) -> None:
    """Finalize a draft and try to collect it, or do with it what the subscription's pause of collection says."""
    subscription = local.store.kinds.get("subscription", {}).get(invoice["_subscription"] or "")
    pause = subscription["pause_collection"] if subscription else None
    if pause and pause["behavior"] == "keep_as_draft":
        invoice.update(auto_advance=False, automatically_finalizes_at=None)
        return
    finalize(local, invoice)
    if invoice["status"] != "open":
        return
    if pause:
        give_up(local, invoice, "void" if pause["behavior"] == "void" else "uncollectible")
    elif invoice["collection_method"] == "charge_automatically":
        attempt(local, invoice, automatic=automatic)


def restart(local: "Local", subscription: Row, at: int, reason: str, *, also: list[Row] | None = None, **fields: object) -> Row:
    """Begin a new cycle at a moment and bill its first period with everything that waits."""
    used = usage_lines(local, subscription, at)
    subscription["billing_cycle_anchor"] = at
    set_period(local, subscription, period_at(local, subscription, at))
    period = period_at(local, subscription, at)
    return bill(local, subscription, reason, [*used, *(also or []), *period_lines(local, subscription, period)], **fields)


def start_trial(local: "Local", subscription: Row, at: int, end: int) -> None:
    """Begin a trial, or move its end; its invoice is one of nothing."""
    subscription.update(status="trialing", trial_start=subscription["trial_start"] or at, trial_end=end, billing_cycle_anchor=end)
    subscription["_warned"] = False
    set_period(local, subscription, (at, end))


def trial_lines(local: "Local", subscription: Row, period: tuple[int, int]) -> list[Row]:
    """Return the lines of nothing of a trial."""
    return [trial_line(local, item, period) for item in items_of(local, subscription)]


def warn(local: "Local", subscription: Row) -> None:
    """Announce the end of a trial."""
    subscription["_warned"] = True
    emit(local, "customer.subscription.trial_will_end", subscription)


def renew(local: "Local", subscription: Row) -> None:
    """Go from one period to the next: the draft of its invoice is collected an hour later."""
    at = items_of(local, subscription)[0]["current_period_end"]
    if subscription["status"] == "trialing" and not _has_method(local, subscription):
        missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if missing == "cancel":
            cancel(local, subscription, reason="payment_failed")
            return
        if missing == "pause":
            suspend(local, subscription, "trial_end_without_payment_method")
            return
    before = items_of(local, subscription)[0]["current_period_start"], at
    with changing(local, "customer.subscription.updated", subscription):
        used = usage_lines(local, subscription, at)
        set_period(local, subscription, period_at(local, subscription, at))
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        lines = used + period_lines(local, subscription, period_at(local, subscription, at))
        unpaid = subscription["status"] == "unpaid"
        draw_up(
            local,
            customer_of(local, subscription),
            subscription,
            "subscription_cycle",
            lines,
            period=before,
            auto_advance=not unpaid,
            automatically_finalizes_at=None if unpaid else at + HOUR,
        )


def _has_method(local: "Local", subscription: Row) -> bool:
    settings = customer_of(local, subscription)["invoice_settings"]
    by_invoice = subscription["collection_method"] == "send_invoice"
    return bool(subscription["default_payment_method"] or settings["default_payment_method"] or by_invoice)


def suspend(local: "Local", subscription: Row, why: str) -> None:
    """Pause a subscription: nothing is billed until it is resumed."""
    with changing(local, "customer.subscription.updated", subscription):
        subscription["status"] = "paused"
        subscription["status_details"] = {
            "paused": {"subscription": {"type": why}, "transitioned_at": local.now(subscription), "type": "subscription"}
        }
    emit(local, "customer.subscription.paused", subscription)


def cancel(
    local: "Local",
    subscription: Row,
    *,
    reason: str | None,
    invoice_now: bool = False,
    prorate: bool = False,
    details: Row | None = None,
) -> None:
    """End a subscription now; what waits is billed where asked, what is open is no longer collected."""
    at = local.now(subscription)
    if prorate and subscription["status"] in ("active", "past_due"):
        for item in items_of(local, subscription):
            credit(local, subscription, item, at)
    if invoice_now and subscription["status"] not in ("incomplete", "paused"):
        lines = usage_lines(local, subscription, at) if subscription["status"] != "trialing" else []
        if lines or waiting(local, subscription["customer"], subscription["id"]):
            bill(local, subscription, "subscription_update", lines)
    subscription["_previous_status"] = subscription["status"]
    subscription.update(status="canceled", canceled_at=subscription["canceled_at"] or at, ended_at=at, cancel_at_period_end=False)
    subscription["cancellation_details"].update(reason=reason or "cancellation_requested", **(details or {}))
    stop_collecting(local, subscription)
    emit(local, "customer.subscription.deleted", subscription)


def stop_collecting(local: "Local", subscription: Row) -> None:
    """Let the open invoices of a subscription that is over rest; the first one of an incomplete subscription is void."""
    for invoice in list(local.store.of("invoice", customer=subscription["customer"], _subscription=subscription["id"])):
        if invoice["status"] not in ("draft", "open"):
            continue
        if subscription.get("_previous_status") == "incomplete" and invoice["status"] == "open":
            give_up(local, invoice, "void")
            continue
        with changing(local, "invoice.updated", invoice):
            invoice.update(auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)


def expire(local: "Local", subscription: Row) -> None:
    """End a subscription whose first invoice was not paid within 23 hours."""
    at = local.now(subscription)
    with changing(local, "customer.subscription.updated", subscription):
        subscription["_previous_status"] = "incomplete"
        subscription.update(status="incomplete_expired", ended_at=at)
        stop_collecting(local, subscription)


__all__ = ["OVER", "bill", "cancel", "collect", "expire", "intent_of", "renew", "restart", "start_trial", "suspend", "warn"]
