"""Prices are immutable: one that changes is made anew and takes over the lookup key, and the old one is archived."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import stripe
from tessera.money import minor_units

from billing.catalogue.offers import Catalogue, Offer, Price
from billing.catalogue.syncing.found import KEY, Found, marks
from billing.catalogue.syncing.writer import Id, Step


def price_steps(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    """Yield the making of each price that Stripe does not have so, then the archiving of those of ours that are none any more.

    A subscription keeps the archived price that it was bought for. Prices made by hand, for one customer say, stay.
    """
    holders = {price.lookup_key: price for price in found.prices if price.lookup_key}
    in_force = set()
    for offer in (offer for offer in catalogue.offers if offer.sold):
        for price in offer.prices:
            there = holders.get(price.lookup_key)
            if there is not None and _said(there) == _wanted(offer, price, found):
                in_force.add(there.id)
            else:
                yield _make(catalogue, offer, price, follows=there.id if there is not None else "")
    for there in found.prices:
        if there.active and KEY in there.metadata and there.id not in in_force:
            says = f"archive the price {there.id} of {there.metadata[KEY]}, {there.currency.upper()} {_amount(there)}"
            yield Step(says, "prices.update", {"active": False}, (there.id,))


def _make(catalogue: Catalogue, offer: Offer, price: Price, follows: str) -> Step:
    recurring: dict[str, Any] = {"interval": price.interval.value}
    if offer.meter is not None:
        recurring |= {"usage_type": "metered", "meter": Id(f"meter {offer.meter.event_name}")}
    params = {
        "product": Id(f"product {offer.key}"),
        "currency": price.currency.lower(),
        "unit_amount_decimal": format(_in_minor_units(price).normalize(), "f"),
        "recurring": recurring,
        "tax_behavior": "exclusive",
        "lookup_key": price.lookup_key,
        "transfer_lookup_key": True,
        **marks(catalogue, offer),
    }
    instead = f" instead of {follows}" if follows else ""
    says = f"create the price {price.lookup_key}, {price.currency} {price.amount}{instead}"
    return Step(says, "prices.create", params, makes=f"price {price.lookup_key}", follows=follows)


def _said(there: stripe.Price) -> tuple[Any, ...]:
    """Return what cannot be changed of a price, and whether it is active."""
    every = there.recurring
    terms = (every.interval, every.interval_count, every.usage_type, every.meter) if every is not None else None
    return (there.active, there.product, there.currency, _amount(there), terms, there.tax_behavior)


def _wanted(offer: Offer, price: Price, found: Found) -> tuple[Any, ...]:
    product = found.products[offer.key].id if offer.key in found.products else None
    meter = found.meters.get(offer.meter.event_name) if offer.meter is not None else None
    terms = (price.interval.value, 1, "licensed" if offer.meter is None else "metered", meter.id if meter else None)
    return (True, product, price.currency.lower(), _in_minor_units(price), terms, "exclusive")


def _in_minor_units(price: Price) -> Decimal:
    return price.amount.scaleb(minor_units(price.currency))


def _amount(there: stripe.Price) -> Decimal | None:
    """Return a price in minor units, None for one that is not the same for each unit."""
    return there.unit_amount_decimal
