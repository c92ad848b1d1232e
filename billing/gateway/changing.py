"""Changes of a subscription at Stripe. Each call has the idempotency key of our own row."""

from datetime import datetime
from typing import Any
from uuid import UUID

import stripe

from billing.gateway.bills import proration
from billing.gateway.client import asking, stripe_client
from billing.gateway.reading import read_items_of
from billing.gateway.shapes import SeenSubscription


class CardRefused(Exception):
    """Raised when the payment for a change failed: nothing was changed. Its text is Stripe's, for whoever pays."""


def read_subscription(subscription: str) -> SeenSubscription:
    """Return a subscription as it is now."""
    with asking():
        return read_items_of(stripe_client().v1.subscriptions.retrieve(subscription).to_dict())


def change_items(*, key: UUID, subscription: str, items: list[dict[str, Any]], at: datetime | None) -> str:
    """Change the lines of a subscription as `preview_change` showed it; return its latest invoice. Raises CardRefused."""
    asked: Any = {"items": items, "payment_behavior": "error_if_incomplete", **proration(at)}
    return _update(subscription, asked, f"change-{key}")


def set_cancel(*, key: UUID, subscription: str, ends: bool, comment: str = "") -> None:
    """Let a subscription end with its period, or go on after all."""
    details = {"cancellation_details": {"comment": comment}} if comment else {}
    _update(subscription, {"cancel_at_period_end": ends, **details}, f"cancel-{key}")


def set_pause(*, key: UUID, subscription: str, until: datetime | None) -> None:
    """Stop collecting for a subscription, until a moment or until it is told to go on; invoices meanwhile are void."""
    resumes = {"resumes_at": int(until.timestamp())} if until else {}
    _update(subscription, {"pause_collection": {"behavior": "void", **resumes}}, f"pause-{key}")


def end_pause(*, key: UUID, subscription: str) -> None:
    """Collect for a subscription again."""
    _update(subscription, {"pause_collection": ""}, f"resume-{key}")


def resume(*, key: UUID, subscription: str) -> None:
    """Let a subscription go on that Stripe paused when its trial ended without a card; a period begins now. Raises CardRefused."""
    with asking():
        try:
            stripe_client().v1.subscriptions.resume(subscription, {}, {"idempotency_key": f"resume-{key}"})
        except stripe.CardError as error:
            raise CardRefused(error.user_message or str(error)) from error


def set_discount(*, key: UUID, subscription: str, promotion: str) -> None:
    """Give a subscription the discount of a promotion code in place of what it has, or with "" none."""
    _update(subscription, {"discounts": [{"promotion_code": promotion}] if promotion else ""}, f"discount-{key}")


def _update(subscription: str, asked: Any, key: str) -> str:
    with asking():
        try:
            found = stripe_client().v1.subscriptions.update(subscription, asked, {"idempotency_key": key})
        except stripe.CardError as error:
            raise CardRefused(error.user_message or str(error)) from error
    invoice = found.latest_invoice
    return invoice if isinstance(invoice, str) else invoice.id if invoice else ""
