"""What a company could buy to use a module, and what it would save without one."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from tessera.installation.permissions import MODULE_VIEW
from tessera.module import modules
from tessera.service import demand

from billing.catalogue.offers import Interval, Kind, Offer
from billing.catalogue.selectors import catalogue
from billing.entitlements.reckoning import reckon
from billing.gateway.client import is_billing_on
from billing.mirror.customers import customer_of
from billing.models import Subscription
from billing.services.company import currency_of, going
from billing.spending.caps import room_of
from billing.spending.reckoning import per_month
from tenants.directory import tenant_here
from tenants.installations.mirror import State
from tenants.models import Tenant
from tenants.overview import ModuleImpact, installations, module_impact


@dataclass(frozen=True, kw_only=True)
class ModuleOffer:
    """Something that gives a module: a plan, a bundle, or the module itself, for `amount` a period without tax.

    `withinCap` says that the company's spend cap lets it be bought now; a plan is beside the cap.
    """

    offer: str
    kind: Kind
    title: str
    amount: Decimal
    currency: str
    interval: Interval
    within_cap: bool


@dataclass(frozen=True, kw_only=True)
class ModuleSwitchOffer:
    """A module with its switch and its price.

    `entitled` says that it may be switched on, `bought_by` which offers of the subscription give it; `offers` are what could be
    bought for it, the cheapest first, none for one that is free or always on.
    """

    module: str
    title: str
    state: State
    always_on: bool
    entitled: bool
    bought_by: list[str]
    offers: list[ModuleOffer]


@dataclass(frozen=True, kw_only=True)
class SavedItem:
    """A line of the subscription that nothing would need any more: so much less a period, without tax."""

    offer: str
    title: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class BillingModuleImpact:
    """What disabling a module does, and what the company would save a period if it then left away what is only for it.

    Nothing is saved by disabling alone: `billingChange` leaves an addition away. What a plan holds costs nothing of its own.
    """

    impact: ModuleImpact
    saved: list[SavedItem]
    amount: Decimal
    currency: str
    interval: Interval | None


def module_switch_offers() -> list[ModuleSwitchOffer]:
    """List every module with its switch, whether it may be on, and what it costs here."""
    demand(MODULE_VIEW)
    tenant = tenant_here()
    rows, subscription = installations(), going(customer_of(tenant))
    entitled = reckon(tenant, timezone.now()).modules if is_billing_on() else frozenset(modules())
    interval, currency = terms_of(tenant)
    bought = [item.product for item in subscription.items.all()] if subscription else []
    found, room = catalogue(), room_of(tenant, currency)
    return [
        ModuleSwitchOffer(
            module=label,
            title=str(module.title),
            state=State(rows[label].state) if label in rows else State.ABSENT,
            always_on=module.always_on,
            entitled=label in entitled,
            bought_by=[key for key in bought if key in found.by_key and label in found.by_key[key].gives.modules],
            offers=[] if module.always_on else offers_for(label, interval, currency, room),
        )
        for label, module in modules().items()
    ]


def offers_for(label: str, interval: Interval, currency: str, room: Decimal | None = None) -> list[ModuleOffer]:
    """Return what could be bought to use a module, the cheapest first; `room` is what may be spent a month beside the plan."""
    kinds = (Kind.MODULE, Kind.BUNDLE, Kind.PLAN)
    giving = (each for kind in kinds for each in catalogue().sold(kind) if label in each.gives.modules)
    return sorted(_priced(giving, interval, currency, room), key=lambda each: (each.amount, each.offer))


def _priced(offers: Iterable[Offer], interval: Interval, currency: str, room: Decimal | None) -> Iterable[ModuleOffer]:
    for offer in offers:
        if price := offer.price(interval, currency):
            yield ModuleOffer(
                offer=offer.key,
                kind=offer.kind,
                title=str(offer.title),
                amount=price.amount,
                currency=currency,
                interval=interval,
                within_cap=offer.kind is Kind.PLAN or room is None or per_month(price.amount, interval, currency) <= room,
            )


def terms_of(tenant: Tenant) -> tuple[Interval, str]:
    """Return how often and in which currency a company pays, or would."""
    subscription = going(customer_of(tenant))
    return (_interval_of(subscription) if subscription else None) or Interval.MONTH, currency_of(tenant)


def _interval_of(subscription: Subscription) -> Interval | None:
    """Return how often a subscription is paid; None for a rhythm by agreement, in which nothing is sold."""
    found = {(item.interval, item.interval_count) for item in subscription.items.all()}
    interval, count = found.pop() if len(found) == 1 else ("", 0)
    return Interval(interval) if count == 1 and interval in list(Interval) else None


def offer_details(tenant: Tenant, label: str) -> dict[str, Any]:
    """Return what a program needs to sell a module to a company: the offers with their prices, as JSON."""
    interval, currency = terms_of(tenant)
    return {
        "module": label,
        "offers": [
            {
                "offer": each.offer,
                "kind": each.kind.value,
                "title": each.title,
                "amount": format(each.amount, "f"),
                "currency": each.currency,
                "interval": each.interval.value,
                "within_cap": each.within_cap,
            }
            for each in offers_for(label, interval, currency, room_of(tenant, currency))
        ],
    }


def billing_module_impact(*, module: str) -> BillingModuleImpact:
    """Say what disabling a module would do here and what could be saved then; NOT_FOUND for a name that is no module."""
    demand(MODULE_VIEW)
    impact = module_impact(module=module)
    tenant = tenant_here()
    subscription = going(customer_of(tenant))
    off = {each.label for each in impact.goes_off}
    saved = list(_saved(subscription, off)) if subscription else []
    return BillingModuleImpact(
        impact=impact,
        saved=saved,
        amount=sum((each.amount for each in saved), Decimal(0)),
        currency=subscription.currency if subscription else currency_of(tenant),
        interval=_interval_of(subscription) if subscription else None,
    )


def _saved(subscription: Subscription, off: set[str]) -> Iterable[SavedItem]:
    for item in sorted(subscription.items.all(), key=lambda each: each.product):
        offer = catalogue().by_key.get(item.product)
        if offer and offer.kind in (Kind.BUNDLE, Kind.MODULE) and offer.name in off and item.amount is not None:
            yield SavedItem(offer=offer.key, title=str(offer.title), amount=item.amount * item.quantity)
