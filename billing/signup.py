"""The plan that somebody chooses before signing up, read from an address and kept for the company (see `tenants.wishes`)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.catalogue.offers import Interval, Offer
from billing.catalogue.page import first_currency
from billing.catalogue.selectors import catalogue
from billing.gateway.client import is_billing_on
from billing.models import PlanChoice
from billing.selectors.choice import told_of
from billing.services.items import without_covered
from billing.services.wanted import ADDITIONS, MOST_SEATS, Wanted, lines_of, shown_of
from tenants.models import Tenant
from tenants.wishes import Told, Wish


def read(asked: Mapping[str, list[str]]) -> Wish | None:
    """Return the plan in `plan`, `interval`, `currency`, `seats` and `additions` of an address; None without a plan.

    Modules that are wished and that the plan does not hold are bought beside it, where they can be. Whatever is no such thing at all
    becomes what is usual; whether it is sold says `check`.
    """
    plan = _first(asked, "plan")
    if not plan or not is_billing_on():
        return None
    found = catalogue()
    offer = found.by_key.get(plan)
    interval, seats = _first(asked, "interval"), _first(asked, "seats")
    wanted = Wanted(
        plan=plan[:255],
        interval=Interval(interval) if interval in list(Interval) else Interval.MONTH,
        currency=(_first(asked, "currency") or first_currency(found)).upper()[:3],
        seats=int(seats) if _is_number(seats) else max(1, offer.gives.seats if offer else 1),
        additions=tuple(dict.fromkeys([*asked.get("additions", ()), *_beside(offer, asked.get("modules", ()))])),
    )
    return shown_of(_without_doubles(wanted))


def _first(asked: Mapping[str, list[str]], name: str) -> str:
    return next(iter(asked.get(name, ())), "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_SEATS


def _beside(plan: Offer | None, labels: Any) -> list[str]:
    """Return the offers by which modules are bought that a plan does not hold."""
    held = plan.gives.modules if plan else frozenset()
    keys = ((label, f"{kind}.{label}") for label in labels for kind in ADDITIONS)
    return [key for label, key in keys if label not in held and key in catalogue().by_key]


def _without_doubles(wanted: Wanted) -> Wanted:
    """Return what is wanted without what the plan, or a bundle beside it, holds already."""
    known = [key for key in wanted.additions if key in catalogue().by_key]
    if len(known) < len(wanted.additions) or wanted.plan not in catalogue().by_key:
        return wanted  # `check` names what is wrong
    gives = {key: catalogue().by_key[key].gives.modules for key in known}
    alone = tuple(key for key in known if not any(gives[key] < gives[other] for other in known))
    return without_covered(Wanted(wanted.plan, wanted.interval, wanted.currency, wanted.seats, alone))


def wanted_from(wish: Mapping[str, Any]) -> Wanted:
    """Return a wish as what is wanted."""
    return Wanted(wish["plan"], Interval(wish["interval"]), wish["currency"], wish["seats"], tuple(wish["additions"]))


def check(wish: Wish) -> None:
    """Raise Refused, below `choice`, where a choice is not sold."""
    try:
        lines_of(wanted_from(wish))
    except Refused as refused:
        raise refused.within("choice") from None


def tell(wish: Wish) -> Told:
    """Return a choice in words, and why it cannot be bought any more."""
    shown = told_of(wanted_from(wish))
    return Told(shown.text, shown.problem and _("This cannot be bought any more: %(why)s") % {"why": shown.problem})


def keep(tenant: Tenant, wish: Wish) -> None:
    """Keep a choice for a company; the first one stays."""
    PlanChoice.objects.get_or_create(tenant=tenant, defaults={name: wish[name] for name in FIELDS})


FIELDS = ("plan", "interval", "currency", "seats", "additions")
