"""Pages at Stripe that people are sent to: to pay, and to look after what they pay with."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe
from stripe.params.billing_portal import SessionCreateParams as PortalParams
from stripe.params.checkout import SessionCreateParams

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import CHECKOUT, TENANT


@dataclass(frozen=True)
class SeenSession:
    """A page to pay on: `status` is open, complete or expired; `url` is "" unless it is open."""

    id: str
    status: str
    url: str


class AskedOtherwise(Exception):
    """Raised where a key was used for another call already: what it stood for is void, and begun anew."""


def create_checkout(*, key: UUID, tenant: UUID, customer: str, asked: dict[str, Any], success: str, cancel: str) -> SeenSession:
    """Make the page on which a company pays for what its intent asks (`Checkout.asked`); the intent's key goes to all it becomes.

    Raises AskedOtherwise, and stripe.InvalidRequestError for what Stripe does not sell so.
    """
    marks = {CHECKOUT: str(key), TENANT: str(tenant)}
    params: SessionCreateParams = {
        "mode": "subscription",
        "customer": customer,
        "client_reference_id": str(key),
        "line_items": [_line(price, quantity) for price, quantity in asked["lines"]],
        "metadata": marks,
        "subscription_data": {"metadata": marks},
        "success_url": success,
        "cancel_url": cancel,
        "locale": asked["locale"],
        "tax_id_collection": {"enabled": True},
        "customer_update": {"name": "auto", "address": "auto"},
        "automatic_tax": {"enabled": asked["taxed"]},
    }
    if asked["trial_days"]:
        params["subscription_data"] = {"metadata": marks, "trial_period_days": asked["trial_days"]}
    if asked["promotion"]:
        params["discounts"] = [{"promotion_code": asked["promotion"]}]
    else:
        params["allow_promotion_codes"] = True
    with asking():
        try:
            made = stripe_client().v1.checkout.sessions.create(params, {"idempotency_key": f"checkout-{key}"})
        except stripe.IdempotencyError as error:
            raise AskedOtherwise(str(error)) from error
    return _seen(made)


def _line(price: str, quantity: int | None) -> Any:
    return {"price": price} if quantity is None else {"price": price, "quantity": quantity}


def read_checkout(session: str) -> SeenSession:
    """Return a page to pay on as it is now."""
    with asking():
        return _seen(stripe_client().v1.checkout.sessions.retrieve(session))


def expire_checkout(*, key: UUID, session: str) -> SeenSession:
    """Close a page to pay on, so that nobody pays there any more; one that was paid just before stays complete."""
    with asking():
        try:
            return _seen(stripe_client().v1.checkout.sessions.expire(session, {}, {"idempotency_key": f"expire-{key}"}))
        except stripe.InvalidRequestError:
            return _seen(stripe_client().v1.checkout.sessions.retrieve(session))


def _seen(session: stripe.checkout.Session) -> SeenSession:
    return SeenSession(session.id, session.status or "", session.url or "")


def create_portal(*, key: UUID, customer: str, back: str, locale: str) -> str:
    """Return the address of a page on which a company sees its invoices and changes its card; it is good for a short while."""
    params: PortalParams = {"customer": customer, "return_url": back, "locale": locale}  # type: ignore[typeddict-item]
    with asking():
        return stripe_client().v1.billing_portal.sessions.create(params, {"idempotency_key": f"portal-{key}"}).url
