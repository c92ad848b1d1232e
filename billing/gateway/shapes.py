"""Stripe's objects as plain dataclasses: which field says what, in one place.

Objects come as dicts (`StripeObject.to_dict()`, or the payload of an event). Moments are aware, amounts Decimal in the
currency's own unit. What is missing that Stripe always sends raises UnreadableFacts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tessera.money import minor_units

from billing.reducer import UnreadableFacts
from billing.reducer.facts import STATUSES

PRODUCT = "tessera"  # the key of metadata under which our products and prices say which they are
TENANT = "tenant"  # ... and customers whose they are
CHECKOUT = "checkout"  # ... and subscriptions which intent to buy they came from
Object = Mapping[str, Any]


@dataclass(frozen=True)
class SeenItem:
    """A line of a subscription, paid every `interval_count` intervals."""

    id: str
    product: str
    price: str
    interval: str
    interval_count: int
    amount: Decimal | None
    quantity: int
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class SeenDiscount:
    """A discount on a subscription: a share in per cent, or an amount; `products` are keys as lines have them, empty for all."""

    id: str
    percent: Decimal | None
    amount: Decimal | None
    is_once: bool
    ends_at: datetime | None
    products: tuple[str, ...]


@dataclass(frozen=True)
class SeenSubscription:
    """A subscription, with all its lines, and with its discounts where they were asked for."""

    id: str
    status: str
    currency: str
    created: datetime
    items: tuple[SeenItem, ...]
    trial_end: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    is_paused: bool
    resumes_at: datetime | None
    checkout: str
    discounts: tuple[SeenDiscount, ...] = ()


@dataclass(frozen=True)
class SeenInvoice:
    """An invoice; `unpaid_since` is the first try that failed, or the day it is due."""

    id: str
    subscription: str
    number: str
    status: str
    currency: str
    total: Decimal
    remaining: Decimal
    created: datetime
    unpaid_since: datetime | None


@dataclass(frozen=True)
class SeenDispute:
    """A dispute about a payment of a customer, "" where it is nobody's."""

    id: str
    customer: str
    status: str
    is_open: bool
    created: datetime


@dataclass(frozen=True)
class Seen:
    """A customer with everything that decides what its tenant may use, as Stripe says it is now."""

    customer: str
    tenant: str
    livemode: bool
    is_deleted: bool = False
    subscriptions: tuple[SeenSubscription, ...] = ()
    invoices: tuple[SeenInvoice, ...] = ()


def moment(seconds: int | None) -> datetime | None:
    """Return a moment of Stripe's, None for none."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def required(thing: Object, name: str) -> datetime:
    """Return a moment that Stripe always tells."""
    if thing.get(name) is None:
        raise UnreadableFacts(f"{thing.get('id')} says nothing of {name}")
    return datetime.fromtimestamp(thing[name], UTC)


def key_of(thing: Any) -> str:
    """Return the key of what is named or told whole; "" for nothing."""
    return (thing if isinstance(thing, str) else thing["id"]) if thing else ""


def subscription_of(thing: Object, items: list[Object], product_of: Callable[[Object], str]) -> SeenSubscription:
    """Return a subscription; `product_of` says what a price is of. Raises UnreadableFacts for a status that nobody knows."""
    if thing["status"] not in STATUSES:
        raise UnreadableFacts(f"{thing['id']} has the status {thing['status']}, which nobody knows")
    lines = tuple(
        SeenItem(
            id=item["id"],
            product=product_of(item["price"]),
            price=item["price"]["id"],
            interval=item["price"]["recurring"]["interval"],
            interval_count=item["price"]["recurring"]["interval_count"],
            amount=unit_amount(item["price"]),
            quantity=1 if item.get("quantity") is None else item["quantity"],  # a metered line has none
            period_start=required(item, "current_period_start"),
            period_end=required(item, "current_period_end"),
        )
        for item in items
    )
    ends = thing.get("cancel_at_period_end") and lines
    pause = thing.get("pause_collection") or {}
    return SeenSubscription(
        id=thing["id"],
        status=thing["status"],
        currency=thing["currency"].upper(),
        created=required(thing, "created"),
        items=lines,
        trial_end=moment(thing.get("trial_end")),
        cancel_at=moment(thing.get("cancel_at")) or (max(line.period_end for line in lines) if ends else None),
        ended_at=moment(thing.get("ended_at") or thing.get("canceled_at")) if thing["status"] == "canceled" else None,
        is_paused=bool(pause),
        resumes_at=moment(pause.get("resumes_at")),
        checkout=(thing.get("metadata") or {}).get(CHECKOUT, ""),
    )


def discount_of(thing: Object, products: Mapping[str, str]) -> SeenDiscount:
    """Return a discount told whole; `products` gives the key of each product of Stripe's that the subscription has."""
    coupon = thing["source"]["coupon"]
    only = (coupon.get("applies_to") or {}).get("products") or ()
    amount, percent = coupon["amount_off"], coupon["percent_off"]
    return SeenDiscount(
        id=thing["id"],
        percent=None if percent is None else Decimal(str(percent)),
        amount=None if amount is None else amount_of(amount, coupon["currency"]),
        is_once=coupon["duration"] == "once",
        ends_at=moment(thing.get("end")),
        products=tuple(products.get(each, each) for each in only),
    )


def invoice_of(thing: Object) -> SeenInvoice:
    """Return an invoice."""
    currency = thing["currency"].upper()
    parent = (thing.get("parent") or {}).get("subscription_details") or {}
    return SeenInvoice(
        id=thing["id"],
        subscription=key_of(parent.get("subscription")),
        number=thing.get("number") or "",
        status=thing["status"],
        currency=currency,
        total=amount_of(thing["total"], currency),
        remaining=amount_of(thing["amount_remaining"], currency),
        created=required(thing, "created"),
        unpaid_since=_unpaid_since(thing),
    )


def _unpaid_since(thing: Object) -> datetime | None:
    """Return since when an invoice is not paid that should be; it is tried for the first time when it becomes final."""
    if thing["status"] not in ("open", "uncollectible"):
        return None
    if thing["collection_method"] == "send_invoice":
        return moment(thing.get("due_date"))
    if not thing["attempted"]:
        return None
    return moment(thing["status_transitions"].get("finalized_at")) or required(thing, "created")


def amount_of(units: int, currency: str) -> Decimal:
    """Return an amount that Stripe tells in minor units; the currency as Stripe writes it or in capitals."""
    return Decimal(units).scaleb(-minor_units(currency.upper()))


def unit_amount(price: Object) -> Decimal | None:
    """Return what one unit of a price costs, None where that depends on how many there are."""
    units = price.get("unit_amount_decimal")
    return None if units is None else Decimal(units).scaleb(-minor_units(price["currency"].upper()))


def dispute_of(thing: Object, customer: str) -> SeenDispute:
    """Return a dispute; it is open until it is won, lost or, as a mere inquiry, closed."""
    is_open = thing["status"] not in ("won", "lost", "warning_closed", "prevented")
    return SeenDispute(thing["id"], customer, thing["status"], is_open, required(thing, "created"))
