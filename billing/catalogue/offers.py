"""The shape of the catalogue: what is sold, for how much, and what it gives. Nothing here knows Django or Stripe.

A product is known by its key `<kind>.<name>` (`plan.business`, `seat.business`, `module.finance`), a price by its lookup key
`<what>.<interval>.<currency>` (`business.month.usd`, `module.finance.year.usd`): a plan's `<what>` is its bare name, that of
everything else the product's key. Both are the contract with Stripe and with all of billing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any


class Kind(StrEnum):
    """What sort of thing an offer is. A subscription has one plan, and as many of the others as wanted."""

    PLAN = "plan"
    BUNDLE = "bundle"
    MODULE = "module"
    SEAT = "seat"
    METER = "meter"


MONTHS_IN = {"day": Decimal(12) / 365, "week": Decimal(12) / 52, "month": Decimal(1), "year": Decimal(12)}


def months_of(interval: str, count: int = 1) -> Decimal:
    """Return how many months so many of Stripe's intervals are; of days and weeks that is no whole number."""
    return MONTHS_IN[interval] * count


class Interval(StrEnum):
    """How often a price is due."""

    MONTH = "month"
    YEAR = "year"


class Counted(StrEnum):
    """What a quota limits."""

    STORAGE = "storage"  # bytes that all files take
    API_POINTS = "api_points"  # points that the API's bucket gets back a second
    AUTOMATION_RUNS = "automation_runs"  # in a calendar month
    MESSAGES = "messages"  # in a calendar month


class Limit(StrEnum):
    """What happens at the limit: it refuses, or what is beyond is metered and paid."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True)
class Quota:
    """How much of something is included, in the unit of `Counted`."""

    counted: Counted
    included: int
    limit: Limit = Limit.HARD


@dataclass(frozen=True)
class Grant:
    """What one unit of a product gives: labels of modules, seats for people, quotas.

    In the catalogue that `catalogue()` returns, `modules` is closed under what modules depend on.
    """

    modules: frozenset[str] = frozenset()
    seats: int = 0
    quotas: tuple[Quota, ...] = ()

    def quota(self, counted: Counted) -> Quota | None:
        """Return the quota of something, None where this says nothing of it."""
        return next((quota for quota in self.quotas if quota.counted == counted), None)


@dataclass(frozen=True)
class Price:
    """What one unit of a product costs in an interval, without tax; a price of a meter is that of one metered unit."""

    product: str
    interval: Interval
    currency: str  # ISO code, upper case
    amount: Decimal

    @property
    def lookup_key(self) -> str:
        """Return the key by which Stripe finds the price that is in force."""
        return f"{self.product.removeprefix('plan.')}.{self.interval}.{self.currency.lower()}"


@dataclass(frozen=True)
class Meter:
    """How what is beyond a soft quota is counted: in units of `unit_size` of what the quota counts, summed up.

    A unit may cost a thousandth, so people are shown the price of `shown_units` units, which are called `shown_as`.
    """

    counted: Counted
    event_name: str
    unit_size: int = 1
    shown_units: int = 1
    shown_as: Any = ""


@dataclass(frozen=True)
class Terms:
    """On which terms a partner's products are sold: of what is paid without tax the platform keeps `share` basis points.

    One whose products are not sold any more stays in the catalogue, as they do.
    """

    vendor: str
    name: str
    share: int


@dataclass(frozen=True)
class Part:
    """That of what a plan or a bundle brings so many basis points are for a partner's module in it, before the platform's share."""

    module: str
    basis_points: int


@dataclass(frozen=True)
class Sold:
    """What of a product a partner sold: all of it, or a `module` that is so many `basis_points` of its price."""

    terms: Terms
    module: str = ""
    basis_points: int = 10_000


@dataclass(frozen=True)
class Offer:
    """A product: what it costs and what it gives. One that is not `sold` any more still gives to those who have it.

    `partner` is the vendor prefix of whom it belongs to, who is paid a part of what it brings; empty: it is ours. `parts` are those
    of partners' modules in a plan or a bundle of ours; the rest of its price is for ours.
    """

    kind: Kind
    name: str
    title: Any
    prices: tuple[Price, ...]
    gives: Grant = Grant()
    about: Any = ""
    meter: Meter | None = None
    sold: bool = True
    partner: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def key(self) -> str:
        """Return the product's key."""
        return f"{self.kind}.{self.name}"

    def price(self, interval: Interval, currency: str) -> Price | None:
        """Return the price in an interval and a currency, None where it is not sold so."""
        return next((price for price in self.prices if (price.interval, price.currency) == (interval, currency)), None)


@dataclass(frozen=True)
class Catalogue:
    """All that is sold, in the order it is shown.

    `free` are modules that everybody may switch on; `trial` is what a company has for its first `trial_days`.
    """

    version: int
    currencies: tuple[str, ...]
    offers: tuple[Offer, ...]
    trial_days: int
    trial: Grant
    free: frozenset[str] = frozenset()
    partners: tuple[Terms, ...] = ()

    @cached_property
    def terms(self) -> Mapping[str, Terms]:
        """Return the terms with each partner by their vendor prefix."""
        return {each.vendor: each for each in self.partners}

    @cached_property
    def by_key(self) -> Mapping[str, Offer]:
        """Return the offers by the key of their product."""
        return {offer.key: offer for offer in self.offers}

    @cached_property
    def by_lookup_key(self) -> Mapping[str, Price]:
        """Return the prices by their lookup key."""
        return {price.lookup_key: price for offer in self.offers for price in offer.prices}

    @cached_property
    def makers(self) -> Mapping[str, str]:
        """Return the vendor prefix of whom each module belongs to that is sold for a partner, by its label."""
        return {offer.name: offer.partner for offer in self.offers if offer.kind is Kind.MODULE and offer.partner}

    def partner_of(self, product_key: str) -> Terms | None:
        """Return the terms with the partner whom a whole product belongs to, None for one of ours or of nobody's."""
        offer = self.by_key.get(product_key)
        return self.terms.get(offer.partner) if offer and offer.partner else None

    def sold_for(self, product_key: str) -> tuple[Sold, ...]:
        """Return what of a product is partners': all of it, the parts of their modules in it, or nothing."""
        if terms := self.partner_of(product_key):
            return (Sold(terms),)
        offer = self.by_key.get(product_key)
        parts = offer.parts if offer else ()
        return tuple(Sold(self.terms[self.makers[each.module]], each.module, each.basis_points) for each in parts)

    def sold(self, kind: Kind) -> tuple[Offer, ...]:
        """Return the offers of a kind that can be bought."""
        return tuple(offer for offer in self.offers if offer.kind == kind and offer.sold)

    def what_gives(self, product_key: str) -> Grant:
        """Return what one unit of a product gives. Raise LookupError for a product that was never in the catalogue."""
        if product_key not in self.by_key:
            raise LookupError(f"the catalogue has no product {product_key}")
        return self.by_key[product_key].gives

    def price_of(self, lookup_key: str) -> Price:
        """Return a price. Raise LookupError for a lookup key that the catalogue does not have."""
        if lookup_key not in self.by_lookup_key:
            raise LookupError(f"the catalogue has no price {lookup_key}")
        return self.by_lookup_key[lookup_key]
