"""A small catalogue of our own: a plan, its seats, a bundle with its parts, a meter, and one plan that is not sold any more."""

from dataclasses import replace
from decimal import Decimal

from billing.catalogue.offers import Catalogue, Counted, Grant, Interval, Kind, Limit, Meter, Offer, Price, Quota

PATH = "tests.billing.catalogue.planted.CATALOGUE"


def offer(kind, name, month, year=None, *, currencies=("USD", "CNY"), **rest):
    """Return an offer at the same amount in each currency."""
    year = year if year is not None else str(Decimal(month) * 10)
    prices = tuple(
        Price(f"{kind}.{name}", interval, currency, Decimal(amount))
        for interval, amount in ((Interval.MONTH, month), (Interval.YEAR, year))
        for currency in currencies
    )
    return Offer(kind, name, rest.pop("title", name.title()), prices, **rest)


def gives(*modules):
    return Grant(frozenset(modules))


CATALOGUE = Catalogue(
    version=7,
    currencies=("USD", "CNY"),
    trial_days=10,
    trial=Grant(seats=5),
    offers=(
        offer(
            Kind.PLAN,
            "harbour",
            "40",
            about="For <ports>.",
            gives=Grant(frozenset({"scm"}), 2, (Quota(Counted.MESSAGES, 1_500, Limit.SOFT), Quota(Counted.API_POINTS, 300))),
        ),
        offer(Kind.SEAT, "harbour", "4.50", title="Seat in Harbour", gives=Grant(seats=1)),
        offer(Kind.PLAN, "canal", "20", gives=Grant(frozenset({"stock"}), 1), sold=False),
        offer(Kind.BUNDLE, "scm", "25", gives=gives("scm")),
        offer(Kind.MODULE, "workflow", "8", gives=gives("workflow")),
        offer(Kind.MODULE, "orders", "10", gives=gives("orders")),
        offer(Kind.MODULE, "stock", "12", gives=gives("stock")),
        offer(
            Kind.METER,
            "messages",
            "0.002",
            "0.002",
            title="Messages",
            meter=Meter(Counted.MESSAGES, "t_messages", 1, 1000, "1,000"),
        ),
    ),
)


def with_offer(key, **changes):
    """Return the catalogue with one offer changed."""
    offers = tuple(replace(each, **changes) if each.key == key else each for each in CATALOGUE.offers)
    return replace(CATALOGUE, offers=offers)


def with_price(lookup_key, **changes):
    """Return the catalogue with one price changed."""
    offers = tuple(
        replace(
            each, prices=tuple(replace(price, **changes) if price.lookup_key == lookup_key else price for price in each.prices)
        )
        for each in CATALOGUE.offers
    )
    return replace(CATALOGUE, offers=offers)


def without(key):
    """Return the catalogue with one offer less."""
    return replace(CATALOGUE, offers=tuple(each for each in CATALOGUE.offers if each.key != key))


def and_also(*more):
    """Return the catalogue with further offers."""
    return replace(CATALOGUE, offers=(*CATALOGUE.offers, *more))
