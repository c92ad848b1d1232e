"""What is sold at Stripe, by the keys of our catalogue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

import stripe

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import unit_amount

MOST_KEYS = 10  # that Stripe looks up at once


@dataclass(frozen=True)
class SeenPrice:
    """A price that is in force, paid every `interval_count` intervals."""

    id: str
    lookup_key: str
    currency: str
    amount: Decimal | None
    interval: str
    interval_count: int


def read_prices(lookup_keys: Iterable[str]) -> dict[str, SeenPrice]:
    """Return the prices in force with these lookup keys; one that Stripe does not have is not in it."""
    found: dict[str, SeenPrice] = {}
    with asking():
        for keys in _batches(sorted(set(lookup_keys))):
            for each in stripe_client().v1.prices.list({"lookup_keys": keys, "active": True, "limit": MOST_KEYS}).data:
                told = each.to_dict()
                key = told["lookup_key"]
                every = told.get("recurring") or {"interval": "", "interval_count": 0}  # none where it is paid once
                rhythm = (every["interval"], every["interval_count"])
                found[key] = SeenPrice(told["id"], key, told["currency"].upper(), unit_amount(told), *rhythm)
    return found


def _batches(keys: list[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, MOST_KEYS)):
        yield batch


def read_promotion(code: str) -> str | None:
    """Return the key of the promotion code that people type, None for one that there is not, or not any more."""
    with asking():
        try:
            found = stripe_client().v1.promotion_codes.list({"code": code, "active": True, "limit": 1}).data
        except stripe.InvalidRequestError:  # nothing that a code could be
            return None
    return found[0].id if found else None
