"""What the page of plans and prices shows, in the reader's language, for one interval and one currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from babel import Locale
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _
from tessera.module import modules
from tessera.money import minor_units
from tessera.wording import listed

from billing.catalogue.offers import Catalogue, Counted, Grant, Interval, Kind, Limit, Meter, Offer

MONTHS = 12
SIZES = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2))


@dataclass(frozen=True)
class Group:
    """A bundle with the titles of its parts, or a single module without any."""

    title: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """A plan as it is shown.

    `saved` is what a year costs less than twelve months, "" where it does not; `metered` names what is paid as used beyond
    its limit, "" where nothing is.
    """

    key: str
    title: str
    about: str
    price: str
    saved: str
    seats: str
    included: int
    seat_price: str
    groups: tuple[Group, ...]
    limits: tuple[str, ...]
    metered: str
    wished: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """A bundle or module that can be bought for itself, with the titles of what comes along."""

    name: str
    title: str
    price: str
    along: tuple[str, ...]


@dataclass(frozen=True)
class Overage:
    """What is paid beyond a plan's limit."""

    title: str
    price: str
    shown_as: str


@dataclass(frozen=True)
class PricePage:
    """All that the page shows. `custom` is the plan that only holds what is always on: one chooses what to add."""

    plans: tuple[Card, ...]
    custom: Card | None
    bundles: tuple[Choice, ...]
    modules: tuple[Choice, ...]
    overages: tuple[Overage, ...]


def price_page(catalogue: Catalogue, interval: Interval, currency: str) -> PricePage:
    """Return what the page shows of the catalogue; what is not sold in the currency is left out."""
    cards = [_card(catalogue, plan, interval, currency) for plan in _sold(catalogue, Kind.PLAN, interval, currency)]
    custom = next((card for card in cards if not card.groups), None)
    return PricePage(
        plans=tuple(card for card in cards if card is not custom),
        custom=custom,
        bundles=tuple(_choice(offer, interval, currency) for offer in _sold(catalogue, Kind.BUNDLE, interval, currency)),
        modules=tuple(_choice(offer, interval, currency) for offer in _sold(catalogue, Kind.MODULE, interval, currency)),
        overages=tuple(_overage(offer, interval, currency) for offer in _sold(catalogue, Kind.METER, interval, currency)),
    )


def first_currency(catalogue: Catalogue) -> str:
    """Return the currency shown to who has chosen none: the yuan to readers of Chinese where it is sold in, else the first."""
    own = "CNY" if (get_language() or "").startswith("zh") else ""
    return own if own in catalogue.currencies else catalogue.currencies[0]


def _groups(catalogue: Catalogue, labels: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the bundles among some modules with their parts, then the modules of no bundle; what is always on is not named."""
    known = modules()
    order = {offer.name: place for place, offer in enumerate(catalogue.offers) if offer.kind in (Kind.BUNDLE, Kind.MODULE)}
    ranked = sorted(labels, key=lambda label: (order.get(label, len(catalogue.offers)), label))
    bundles = {label: known[label].depends for label in ranked if known[label].is_bundle}
    named = {*bundles, *(part for parts in bundles.values() for part in parts)}
    return {**bundles, **{label: () for label in ranked if label not in named and not known[label].always_on}}


def _sold(catalogue: Catalogue, kind: Kind, interval: Interval, currency: str) -> list[Offer]:
    return [offer for offer in catalogue.sold(kind) if offer.price(interval, currency)]


def _amount(offer: Offer, interval: Interval, currency: str) -> Decimal:
    price = offer.price(interval, currency)
    if price is None:
        raise LookupError(f"{offer.key} is not sold for a {interval} in {currency}")
    return price.amount


def _card(catalogue: Catalogue, plan: Offer, interval: Interval, currency: str) -> Card:
    amount, seat = _amount(plan, interval, currency), catalogue.by_key[f"{Kind.SEAT}.{plan.name}"]
    saved = _amount(plan, Interval.MONTH, currency) * MONTHS - amount if interval == Interval.YEAR else Decimal(0)
    groups = _groups(catalogue, plan.gives.modules)
    return Card(
        key=plan.key,
        title=str(plan.title),
        about=str(plan.about),
        price=money_text(amount, currency),
        saved=money_text(saved, currency) if saved else "",
        seats=ngettext("%(number)s seat included", "%(number)s seats included", plan.gives.seats)
        % {"number": _number(plan.gives.seats)},
        included=plan.gives.seats,
        seat_price=money_text(_amount(seat, interval, currency), currency),
        groups=tuple(Group(_title(label), tuple(map(_title, parts))) for label, parts in groups.items()),
        limits=tuple(_limits(plan.gives)),
        metered=listed(_counted()[quota.counted] for quota in plan.gives.quotas if quota.limit == Limit.SOFT),
        wished=tuple(groups),
    )


def _limits(gives: Grant) -> Iterable[str]:
    said = {
        Counted.STORAGE: _("%(number)s for files"),
        Counted.API_POINTS: _("%(number)s API points a second"),
        Counted.AUTOMATION_RUNS: _("%(number)s automation runs a month"),
        Counted.MESSAGES: _("%(number)s messages a month"),
    }
    for quota in gives.quotas:
        number = _size(quota.included) if quota.counted == Counted.STORAGE else _number(quota.included)
        yield said[quota.counted] % {"number": number}


def _counted() -> dict[Counted, str]:
    return {
        Counted.STORAGE: pgettext("storage", "files"),
        Counted.API_POINTS: _("API points"),
        Counted.AUTOMATION_RUNS: _("automation runs"),
        Counted.MESSAGES: _("messages"),
    }


def _choice(offer: Offer, interval: Interval, currency: str) -> Choice:
    known = modules()
    along = (label for label in (*known[offer.name].depends, *known) if label in offer.gives.modules - {offer.name})
    titles = tuple(_title(label) for label in dict.fromkeys(along) if not known[label].always_on)
    return Choice(offer.name, str(offer.title), money_text(_amount(offer, interval, currency), currency), titles)


def _overage(offer: Offer, interval: Interval, currency: str) -> Overage:
    meter = cast(Meter, offer.meter)  # a rule of the catalogue
    return Overage(
        str(offer.title), money_text(_amount(offer, interval, currency) * meter.shown_units, currency), str(meter.shown_as)
    )


def _title(label: str) -> str:
    return str(modules()[label].title)


def _locale() -> Locale:
    return Locale.parse(to_locale(get_language() or "en"))


def amount_text(amount: Decimal, currency: str) -> str:
    """Return an amount as the reader writes it in accounts, with all its decimals: $79.00."""
    return str(format_currency(amount, currency, locale=_locale()))


def money_text(amount: Decimal, currency: str) -> str:
    """Return an amount as the reader writes it, without decimals where it has none: $79, $0.30."""
    locale = _locale()
    pattern: Any = locale.currency_formats["standard"].pattern
    decimals = (
        0 if amount == amount.to_integral_value() else max(minor_units(currency), -int(amount.normalize().as_tuple().exponent))
    )
    digits = f".{'0' * decimals}" if decimals else ""
    return format_currency(amount, currency, pattern.replace(".00", digits), locale=locale, currency_digits=False)


def _number(value: int) -> str:
    return format_decimal(value, locale=_locale())


def _size(value: int) -> str:
    """Return bytes in the largest unit that says them exactly."""
    name, size = next(((name, size) for name, size in SIZES if value >= size and value % size == 0), ("B", 1))
    return f"{_number(value // size)} {name}"
