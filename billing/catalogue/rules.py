"""What a catalogue has to hold: one rule a function, each finding named by its rule."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tessera.module import VENDOR, Module
from tessera.money import minor_units

from billing.catalogue.offers import Catalogue, Interval, Kind, Limit, Offer, Price

NAME = re.compile(r"[a-z][a-z0-9_]*")
MONTHS = 12
ALL_OF_IT = 10_000  # basis points
METER_DECIMALS = 12  # of a minor unit, the finest that Stripe takes
Rule = Callable[[Catalogue, Mapping[str, Module]], Iterator[str]]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a catalogue: the name of the rule it breaks, and a sentence."""

    rule: str
    says: str


def problems_of(catalogue: Catalogue, installed: Mapping[str, Module]) -> list[Finding]:
    """Return everything that is wrong with a catalogue, given the installed modules by their label."""
    return [Finding(name, says) for name, rule in RULES.items() for says in rule(catalogue, installed)]


def _version(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    if catalogue.version < 1:
        yield f"the catalogue has the version {catalogue.version}; the first is 1"


def _names(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        if not NAME.fullmatch(offer.name):
            yield f"{offer.key} has a name that is not of small letters, digits and _"


def _products(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for key, times in Counter(offer.key for offer in catalogue.offers).items():
        if times > 1:
            yield f"{key} is offered {times} times"


def _foreign_prices(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer, price in _prices(catalogue):
        if price.product != offer.key:
            yield f"{offer.key} has a price of {price.product}"


def _lookup_keys(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for key, times in Counter(price.lookup_key for _offer, price in _prices(catalogue)).items():
        if times > 1:
            yield f"{key} is the lookup key of {times} prices"


def _modules(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        for label in sorted(offer.gives.modules - installed.keys()):
            yield f"{offer.key} gives the module {label}, which is not installed"


def _currencies(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer, price in _prices(catalogue):
        if not price.currency:
            yield f"{offer.key} has a price for a {price.interval} without a currency"
        elif price.currency not in catalogue.currencies:
            yield f"{offer.key} has a price in {price.currency}, in which the catalogue does not sell"


def _amounts(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer, price in _prices(catalogue):
        if not isinstance(price.amount, Decimal) or not price.amount.is_finite():
            yield f"{price.lookup_key} costs {price.amount!r}, which is no exact amount"
        elif price.amount < 0:
            yield f"{price.lookup_key} costs {price.amount}, less than nothing"
        elif price.amount != round(price.amount, decimals := _decimals(offer, price.currency)):
            yield f"{price.lookup_key} costs {price.amount}; {price.currency} has {decimals} decimals here"


def _missing_prices(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    """A partner may sell a module in some of the currencies, but wherever anything is sold, for a month and for a year."""
    for offer in (offer for offer in catalogue.offers if offer.sold):
        some = {price.currency for price in offer.prices}
        wanted = catalogue.currencies if offer.kind != Kind.MODULE else [one for one in catalogue.currencies if one in some]
        for currency in wanted:
            for interval in Interval:
                if offer.price(interval, currency) is None:
                    yield f"{offer.key} has no price for a {interval} in {currency}"
        if not some:
            yield f"{offer.key} is sold, but has no price"


def _years(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer, year in _prices(catalogue):
        month = offer.price(Interval.MONTH, year.currency)
        if year.interval != Interval.YEAR or month is None:
            continue
        if year.amount > MONTHS * month.amount:
            yield f"{year.lookup_key} costs {year.amount}, more than {MONTHS} months at {month.amount}"
        if year.amount < month.amount:
            yield f"{year.lookup_key} costs {year.amount}, less than a month at {month.amount}"


def _bundles(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for bundle, price, parts in _prices_of_bundles(catalogue, installed):
        if len(parts) == len(installed[bundle.name].depends) and price.amount > (sum_of := sum(parts.values(), Decimal(0))):
            yield f"{price.lookup_key} costs {price.amount}, more than all its parts together, {sum_of}"


def _parts(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for _bundle, price, parts in _prices_of_bundles(catalogue, installed):
        for label, amount in parts.items():
            if amount > price.amount:
                yield f"{price.lookup_key} costs {price.amount}, less than its part {label} alone, {amount}"


def _plans(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    plans, seats = ({offer.name for offer in catalogue.sold(kind)} for kind in (Kind.PLAN, Kind.SEAT))
    for name in sorted(plans - seats):
        yield f"plan.{name} is sold, but no seat.{name}"
    for name in sorted(seats - plans):
        yield f"seat.{name} is sold, but no plan.{name}"
    for plan in catalogue.sold(Kind.PLAN):
        if plan.gives.seats < 1:
            yield f"{plan.key} gives no seat"


def _quotas(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    meters = {offer.name for offer in catalogue.sold(Kind.METER)}
    for offer in catalogue.offers:
        for counted, times in Counter(quota.counted for quota in offer.gives.quotas).items():
            if times > 1:
                yield f"{offer.key} has {times} quotas of {counted}"
        for quota in offer.gives.quotas:
            if quota.included < 0:
                yield f"{offer.key} includes {quota.included} of {quota.counted}"
            if offer.sold and quota.limit == Limit.SOFT and quota.counted not in meters:
                yield f"{offer.key} lets {quota.counted} be exceeded, but no meter.{quota.counted} is sold"


def _meters(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        if (offer.kind == Kind.METER) != (offer.meter is not None):
            yield f"{offer.key} {'does not say how it is metered' if offer.kind == Kind.METER else 'is metered, but no meter'}"
        elif offer.meter and offer.meter.counted != offer.name:
            yield f"{offer.key} meters {offer.meter.counted}"
    for event, times in Counter(offer.meter.event_name for offer in catalogue.offers if offer.meter).items():
        if times > 1:
            yield f"{event} is the event of {times} meters"


def _trial(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    if catalogue.trial_days < 0:
        yield f"the trial takes {catalogue.trial_days} days"
    for quota in catalogue.trial.quotas:
        if quota.limit == Limit.SOFT:
            yield f"the trial lets {quota.counted} be exceeded, but nobody pays in it"


def _partners(catalogue: Catalogue, _installed: Mapping[str, Module]) -> Iterator[str]:
    for vendor, times in Counter(each.vendor for each in catalogue.partners).items():
        if times > 1:
            yield f"there are {times} partners {vendor}"
    for each in catalogue.partners:
        if not VENDOR.fullmatch(each.vendor):
            yield f"the partner {each.vendor!r} has no vendor prefix: 2 to 20 small letters and digits, a letter first"
        if not 0 <= each.share <= ALL_OF_IT:
            yield f"of the partner {each.vendor} the platform keeps {each.share} basis points"
        if not each.name.strip():
            yield f"the partner {each.vendor} has no name"


def _owners(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        made_by = installed[offer.name].vendor if offer.kind == Kind.MODULE and offer.name in installed else ""
        if offer.partner and offer.partner not in catalogue.terms:
            yield f"{offer.key} belongs to the partner {offer.partner}, whom nobody knows"
        if made_by and offer.partner != made_by:
            yield f"{offer.key} belongs to {offer.partner or 'us'}, but {made_by} made it"


def _splits(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        stated = Counter(each.module for each in offer.parts)
        wanted: dict[str, str] = {}
        if offer.kind in (Kind.PLAN, Kind.BUNDLE):
            given = _given(offer.gives.modules, installed)
            makers = {label: _maker(label, catalogue, installed) for label in given}
            wanted = {label: maker for label, maker in makers.items() if maker in catalogue.terms and maker != offer.partner}
        for label, maker in sorted(wanted.items()):
            if not stated[label]:
                yield f"{offer.key} gives the module {label} of {maker} and does not say which part of its price is for it"
            elif label not in catalogue.makers:
                yield f"{offer.key} splits its price for {label}, which is not sold by itself: there are no terms for it"
        for label, times in sorted(stated.items()):
            if label not in wanted:
                yield f"{offer.key} splits its price for {label}, which is no module of another in it"
            elif times > 1:
                yield f"{offer.key} splits its price {times} times for {label}"
        if offer.parts and (min(each.basis_points for each in offer.parts) < 0 or _all_points(offer) > ALL_OF_IT):
            yield f"{offer.key} splits its price into parts of {_all_points(offer)} basis points"
        if offer.parts and offer.partner:
            yield f"{offer.key} belongs to the partner {offer.partner}: a partner does not split with others"


def _given(modules: Iterable[str], installed: Mapping[str, Module]) -> set[str]:
    """Return modules with all that they depend on, as far as they are installed."""
    found: set[str] = set()
    waiting = [label for label in modules if label in installed]
    while waiting:
        label = waiting.pop()
        if label not in found:
            found.add(label)
            waiting += [each for each in installed[label].depends if each in installed]
    return found


def _maker(label: str, catalogue: Catalogue, installed: Mapping[str, Module]) -> str:
    """Return the vendor prefix of whom a module belongs to, "" for one of ours."""
    return installed[label].vendor or catalogue.makers.get(label, "")


def _all_points(offer: Offer) -> int:
    return sum(each.basis_points for each in offer.parts)


RULES: dict[str, Rule] = {
    "VERSION": _version,
    "NAME": _names,
    "DUPLICATE_PRODUCT": _products,
    "FOREIGN_PRICE": _foreign_prices,
    "DUPLICATE_LOOKUP_KEY": _lookup_keys,
    "UNKNOWN_MODULE": _modules,
    "CURRENCY": _currencies,
    "AMOUNT": _amounts,
    "PRICE_MISSING": _missing_prices,
    "YEAR": _years,
    "BUNDLE_DEARER_THAN_PARTS": _bundles,
    "PART_DEARER_THAN_BUNDLE": _parts,
    "PLAN_AND_SEAT": _plans,
    "QUOTA": _quotas,
    "METER": _meters,
    "TRIAL": _trial,
    "PARTNER": _partners,
    "OWNER": _owners,
    "SPLIT": _splits,
}


def _prices(catalogue: Catalogue) -> Iterator[tuple[Offer, Price]]:
    return ((offer, price) for offer in catalogue.offers for price in offer.prices)


def _decimals(offer: Offer, currency: str) -> int:
    return minor_units(currency) + (METER_DECIMALS if offer.kind == Kind.METER else 0)


def _prices_of_bundles(
    catalogue: Catalogue, installed: Mapping[str, Module]
) -> Iterator[tuple[Offer, Price, dict[str, Decimal]]]:
    """Yield each price of a bundle with what its parts cost that are sold in the same way, by label."""
    alone = {offer.name: offer for offer in catalogue.sold(Kind.MODULE)}
    for bundle in (offer for offer in catalogue.sold(Kind.BUNDLE) if offer.name in installed):
        for price in bundle.prices:
            parts = {
                label: part.amount
                for label in installed[bundle.name].depends
                if label in alone and (part := alone[label].price(price.interval, price.currency))
            }
            yield bundle, price, parts
