"""What Stripe is asked. Each call raises Unreachable when it does not answer; none is made inside a transaction."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import stripe
from stripe.params import EventListParams

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import (
    PRODUCT,
    TENANT,
    Object,
    Seen,
    SeenDispute,
    SeenSubscription,
    discount_of,
    dispute_of,
    invoice_of,
    key_of,
    subscription_of,
)

MOST = 100  # that Stripe gives at once


def read_customer(customer: str) -> Seen:
    """Return a customer as it is now, with all its subscriptions and invoices."""
    with asking():
        found = stripe_client().v1.customers.retrieve(customer).to_dict()
        if found.get("deleted"):
            return Seen(customer, "", False, is_deleted=True, subscriptions=_subscriptions(customer))
        invoices = tuple(invoice_of(each) for each in _all(stripe_client().v1.invoices.list, {"customer": customer}))
        return Seen(
            customer=customer,
            tenant=(found.get("metadata") or {}).get(TENANT, ""),
            livemode=found["livemode"],
            subscriptions=_subscriptions(customer),
            invoices=invoices,
        )


def _subscriptions(customer: str) -> tuple[SeenSubscription, ...]:
    found = _all(stripe_client().v1.subscriptions.list, {"customer": customer, "status": "all"})
    products: dict[str, str] = {}
    return tuple(_whole(each, products) for each in found)


def _whole(subscription: Object, products: dict[str, str]) -> SeenSubscription:
    lines = _items(subscription)
    seen = subscription_of(subscription, lines, lambda price: _product_of(price, products))
    if not subscription["discounts"]:
        return seen
    told = stripe_client().v1.subscriptions.retrieve(subscription["id"], {"expand": ["discounts.source.coupon.applies_to"]})
    ours = {key_of(line["price"]["product"]): item.product for line, item in zip(lines, seen.items, strict=True)}
    return replace(seen, discounts=tuple(discount_of(each, ours) for each in told.to_dict()["discounts"]))


def read_items_of(subscription: Object) -> SeenSubscription:
    """Return a subscription that Stripe just told, with all its lines; for who asks already."""
    products: dict[str, str] = {}
    return subscription_of(subscription, _items(subscription), lambda price: _product_of(price, products))


def _items(subscription: Object) -> list[Object]:
    if subscription["items"]["has_more"]:
        return list(_all(stripe_client().v1.subscription_items.list, {"subscription": subscription["id"]}))
    return list(subscription["items"]["data"])


def _product_of(price: Object, known: dict[str, str]) -> str:
    """Return the key in our catalogue of what a price is of; Stripe's where neither the price nor its product says ours."""
    if key := (price.get("metadata") or {}).get(PRODUCT):
        return key
    product = key_of(price["product"])
    if product not in known:
        told = stripe_client().v1.products.retrieve(product).to_dict()
        known[product] = (told.get("metadata") or {}).get(PRODUCT, product)
    return known[product]


def read_dispute(dispute: str) -> SeenDispute:
    """Return a dispute as it is now, and whose payment it is about."""
    with asking():
        return _dispute(stripe_client().v1.disputes.retrieve(dispute, {"expand": ["charge"]}).to_dict())


def read_disputes(since: datetime) -> list[SeenDispute]:
    """Return the disputes that began since a moment."""
    asked = {"created": {"gte": int(since.timestamp())}, "expand": ["data.charge"]}
    with asking():
        return [_dispute(each) for each in _all(stripe_client().v1.disputes.list, asked)]


def _dispute(thing: Object) -> SeenDispute:
    return dispute_of(thing, key_of(thing["charge"].get("customer")))


def read_undelivered(since: datetime) -> list[dict[str, Any]]:
    """Return the events since a moment that Stripe could not deliver, the oldest first."""
    asked: EventListParams = {"delivery_success": False, "limit": MOST, "created": {"gte": int(since.timestamp())}}
    with asking():
        found = stripe_client().v1.events.list(asked).auto_paging_iter()
        return [each.to_dict(for_json=True) for each in found][::-1]


def read_customers() -> dict[str, str]:
    """Return the tenant that each customer names, by the customer's key; those that name none are not ours."""
    with asking():
        found = _all(stripe_client().v1.customers.list, {})
        return {each["id"]: each["metadata"][TENANT] for each in found if (each.get("metadata") or {}).get(TENANT)}


def _all(listing: Callable[..., stripe.ListObject[Any]], params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in listing({**params, "limit": MOST}).auto_paging_iter():
        yield each.to_dict()
