"""Plans and prices over the API of the accounts host, to everybody; the schema there is made of these classes."""

from typing import Any

import graphene
from tessera.module import modules

from billing.catalogue.offers import Kind, Limit, Offer, Price, Quota
from billing.catalogue.selectors import catalogue


class PlanPrice(graphene.ObjectType):
    """A price without tax."""

    lookup_key = graphene.NonNull(graphene.String)
    interval = graphene.NonNull(graphene.String, description="`month` or `year`.")
    currency = graphene.NonNull(graphene.String)
    amount = graphene.NonNull(graphene.Decimal)


class PlanModule(graphene.ObjectType):
    """A module that a plan or an addition switches on."""

    name = graphene.NonNull(graphene.String)
    title = graphene.NonNull(graphene.String)


class PlanQuota(graphene.ObjectType):
    """How much of something is included."""

    counted = graphene.NonNull(
        graphene.String, description="`storage` (bytes), `api_points` (a second), or what is counted a month."
    )
    included = graphene.NonNull(graphene.BigInt)
    limit = graphene.NonNull(graphene.String, description="`hard`: more is refused; `soft`: more is metered and paid.")
    overage = graphene.List(graphene.NonNull(PlanPrice), required=True, description="What a metered unit beyond it costs.")
    overage_unit = graphene.BigInt(description="How much a metered unit is, in the unit of `included`.")

    def resolve_overage(root: Quota, info: Any) -> tuple[Price, ...]:
        meter = _meter_of(root)
        return meter.prices if meter else ()

    def resolve_overage_unit(root: Quota, info: Any) -> int | None:
        meter = _meter_of(root)
        return meter.meter.unit_size if meter and meter.meter else None


class PlanAddition(graphene.ObjectType):
    """A bundle or a module that is bought beside a plan."""

    key = graphene.NonNull(graphene.String)
    title = graphene.NonNull(graphene.String)
    modules = graphene.List(graphene.NonNull(PlanModule), required=True)
    prices = graphene.List(graphene.NonNull(PlanPrice), required=True)

    def resolve_title(root: Offer, info: Any) -> str:
        return str(root.title)

    def resolve_modules(root: Offer, info: Any) -> list[dict[str, str]]:
        return _modules_of(root)


class Plan(graphene.ObjectType):
    """A plan: what it gives, and what it and each more seat costs."""

    key = graphene.NonNull(graphene.String)
    title = graphene.NonNull(graphene.String)
    about = graphene.NonNull(graphene.String)
    modules = graphene.List(graphene.NonNull(PlanModule), required=True)
    seats = graphene.NonNull(graphene.Int, description="Seats that are included.")
    quotas = graphene.List(graphene.NonNull(PlanQuota), required=True)
    prices = graphene.List(graphene.NonNull(PlanPrice), required=True)
    seat_prices = graphene.List(graphene.NonNull(PlanPrice), required=True)
    trial_days = graphene.NonNull(graphene.Int)

    def resolve_title(root: Offer, info: Any) -> str:
        return str(root.title)

    def resolve_about(root: Offer, info: Any) -> str:
        return str(root.about)

    def resolve_modules(root: Offer, info: Any) -> list[dict[str, str]]:
        return _modules_of(root)

    def resolve_seats(root: Offer, info: Any) -> int:
        return root.gives.seats

    def resolve_quotas(root: Offer, info: Any) -> tuple[Quota, ...]:
        return root.gives.quotas

    def resolve_seat_prices(root: Offer, info: Any) -> tuple[Price, ...]:
        return catalogue().by_key[f"{Kind.SEAT}.{root.name}"].prices

    def resolve_trial_days(root: Offer, info: Any) -> int:
        return catalogue().trial_days


class Query(graphene.ObjectType):
    """What is sold, and for how much."""

    plans = graphene.List(graphene.NonNull(Plan), required=True, description="The plans that are sold.")
    plan_additions = graphene.List(
        graphene.NonNull(PlanAddition), required=True, description="What is sold beside a plan: bundles, then single modules."
    )

    def resolve_plans(root: Any, info: Any) -> tuple[Offer, ...]:
        return catalogue().sold(Kind.PLAN)

    def resolve_plan_additions(root: Any, info: Any) -> tuple[Offer, ...]:
        return catalogue().sold(Kind.BUNDLE) + catalogue().sold(Kind.MODULE)


def _modules_of(offer: Offer) -> list[dict[str, str]]:
    return [{"name": label, "title": str(module.title)} for label, module in modules().items() if label in offer.gives.modules]


def _meter_of(quota: Quota) -> Offer | None:
    return catalogue().by_key[f"{Kind.METER}.{quota.counted}"] if quota.limit == Limit.SOFT else None
