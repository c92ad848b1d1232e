"""What a company wants to pay for, in words of the catalogue, and which prices that makes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from tessera.errors import Problem, Refused

from billing.catalogue.offers import Catalogue, Interval, Kind, Limit, Offer
from billing.catalogue.selectors import catalogue

MOST_SEATS = 10_000
ADDITIONS = (Kind.BUNDLE, Kind.MODULE)


@dataclass(frozen=True)
class Wanted:
    """A plan with all its seats and what is bought beside it; keys are those of offers: `plan.business`, `module.finance`."""

    plan: str
    interval: Interval
    currency: str
    seats: int
    additions: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """So many of a price; `quantity` is None for what is metered."""

    product: str
    lookup_key: str
    quantity: int | None


def lines_of(wanted: Wanted, had: Collection[str] = ()) -> tuple[Line, ...]:
    """Return the prices that what is wanted is paid by: the plan, seats beyond its own, the additions, and its meters.

    Whoever `had` an offer keeps it, though it is not sold any more.
    Refused, each with its field: NOT_FOUND for what is not sold or not in this currency, INVALID for seats out of range and for
    an addition that the plan or another addition gives already.
    """
    found = catalogue()
    if wanted.currency not in found.currencies:
        raise Refused("NOT_FOUND", _("Nothing is sold in this currency."), "currency")
    plan = _sold(found, wanted.plan, (Kind.PLAN,), had, "plan")
    if not 1 <= wanted.seats <= MOST_SEATS:
        raise Refused("INVALID", _("Choose from 1 to %(most)s seats.") % {"most": MOST_SEATS}, "seats")
    additions = [_sold(found, key, ADDITIONS, had, "additions", str(place)) for place, key in enumerate(wanted.additions)]
    _refuse_doubles(plan, additions)
    lines = [_line(plan, wanted, 1, "plan")]
    if (more := wanted.seats - plan.gives.seats) > 0:
        lines.append(_line(found.by_key[f"{Kind.SEAT}.{plan.name}"], wanted, more, "seats"))
    lines += [_line(offer, wanted, 1, "additions", str(place)) for place, offer in enumerate(additions)]
    lines += [_line(offer, wanted, None, "plan") for offer in meters_of(found, plan)]
    return tuple(lines)


def shown_of(wanted: Wanted, code: str = "") -> dict[str, Any]:
    """Return what is wanted as the company's audit shows it."""
    told = {
        "plan": wanted.plan,
        "interval": str(wanted.interval),
        "currency": wanted.currency,
        "seats": wanted.seats,
        "additions": list(wanted.additions),
    }
    return {**told, "code": code} if code else told


def meters_of(found: Catalogue, plan: Offer) -> Iterable[Offer]:
    """Return the offers by which is paid what is used beyond a plan's soft quotas."""
    return (found.by_key[f"{Kind.METER}.{quota.counted}"] for quota in plan.gives.quotas if quota.limit is Limit.SOFT)


def _sold(found: Catalogue, key: str, kinds: tuple[Kind, ...], had: Collection[str], *field: str) -> Offer:
    offer = found.by_key.get(key)
    if offer is None or offer.kind not in kinds or not (offer.sold or key in had):
        raise Refused("NOT_FOUND", _("Nothing that is sold is named %(key)s.") % {"key": key}, *field)
    return offer


def _refuse_doubles(plan: Offer, additions: list[Offer]) -> None:
    problems = []
    for place, offer in enumerate(additions):
        others = [plan, *additions[:place], *additions[place + 1 :]]
        if giver := next((each for each in others if _gives_already(each, offer, additions.index(offer) == place)), None):
            message = _("%(addition)s is part of %(offer)s already.")
            said = message % {"addition": offer.title, "offer": giver.title}
            problems.append(Problem("INVALID", said, ("additions", str(place))))
    if problems:
        raise Refused.of(problems)


def _gives_already(giver: Offer, offer: Offer, is_first: bool) -> bool:
    """Say whether an offer adds nothing to another; of two that give the same, the second adds nothing."""
    if giver.gives.modules == offer.gives.modules and giver.kind != Kind.PLAN:
        return not is_first
    return offer.gives.modules <= giver.gives.modules


def _line(offer: Offer, wanted: Wanted, quantity: int | None, *field: str) -> Line:
    price = offer.price(wanted.interval, wanted.currency)
    if price is None:
        raise Refused("NOT_FOUND", _("%(offer)s is not sold in this currency.") % {"offer": offer.title}, *field)
    return Line(offer.key, price.lookup_key, quantity)
