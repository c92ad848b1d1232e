"""The catalogue itself: change it here, raise VERSION, and run `manage.py billing sync`.

An offer that is no longer sold stays with `sold=False`: whoever has it keeps it. A year costs ten months. A partner whose modules
are sold is named with the terms, `partners=(Terms("acme", "Acme Ltd", share=2_000),)`: of what is paid we keep a fifth.
"""

from decimal import Decimal
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from billing.catalogue.offers import Catalogue, Counted, Grant, Interval, Kind, Limit, Meter, Offer, Price, Quota

VERSION = 1
CURRENCIES = ("USD", "EUR", "CNY")
TRIAL_DAYS = 14
MONTHS_OF_A_YEAR = 10
GIB = 1024**3

Amounts = tuple[str, str, str]  # in the order of CURRENCIES


def _prices(product: str, amounts: Amounts, months: int = MONTHS_OF_A_YEAR) -> tuple[Price, ...]:
    """Return the prices of a product for a month and a year from its amounts for a month."""
    of_a_month = list(zip(CURRENCIES, map(Decimal, amounts), strict=True))
    return tuple(
        Price(product, interval, currency, amount * times)
        for interval, times in ((Interval.MONTH, 1), (Interval.YEAR, months))
        for currency, amount in of_a_month
    )


def _quotas(limit: Limit, *, storage: int, api_points: int, automation_runs: int, messages: int) -> tuple[Quota, ...]:
    """Return a plan's quotas; points of the API are always refused beyond the limit, for they come back by themselves."""
    return (
        Quota(Counted.STORAGE, storage, limit),
        Quota(Counted.API_POINTS, api_points),
        Quota(Counted.AUTOMATION_RUNS, automation_runs, limit),
        Quota(Counted.MESSAGES, messages, limit),
    )


def _plan(
    name: str,
    title: Any,
    about: Any,
    *,
    amounts: Amounts,
    seat: Amounts,
    modules: tuple[str, ...],
    seats: int,
    quotas: tuple[Quota, ...],
) -> tuple[Offer, Offer]:
    """Return a plan and the seats beyond those it includes."""
    plan, more = f"plan.{name}", f"seat.{name}"
    return (
        Offer(Kind.PLAN, name, title, _prices(plan, amounts), Grant(frozenset(modules), seats, quotas), about),
        Offer(Kind.SEAT, name, format_lazy(_("Seat in {plan}"), plan=title), _prices(more, seat), Grant(seats=1)),
    )


def _addition(kind: Kind, name: str, amounts: Amounts) -> Offer:
    """Return a bundle or a module that is sold for itself; its title is that of its manifest."""
    return Offer(kind, name, "", _prices(f"{kind}.{name}", amounts), Grant(frozenset({name})))


def _meter(counted: Counted, title: Any, amounts: Amounts, shown_units: int, shown_as: Any, unit_size: int = 1) -> Offer:
    """Return what is paid beyond a soft quota; a year of it is no cheaper, for it is used and not committed to."""
    meter = Meter(counted, f"tessera_{counted}", unit_size, shown_units, shown_as)
    return Offer(Kind.METER, counted, title, _prices(f"meter.{counted}", amounts, months=1), meter=meter)


CATALOGUE = Catalogue(
    version=VERSION,
    currencies=CURRENCIES,
    trial_days=TRIAL_DAYS,
    trial=Grant(
        seats=25,
        quotas=_quotas(Limit.HARD, storage=10 * GIB, api_points=2_000, automation_runs=2_000, messages=500),
    ),
    offers=(
        *_plan(
            "starter",
            _("Starter"),
            _("For a team that wins and serves customers."),
            amounts=("19", "18", "128"),
            seat=("6", "6", "39"),
            modules=("base", "crm"),
            seats=3,
            quotas=_quotas(Limit.HARD, storage=10 * GIB, api_points=500, automation_runs=1_000, messages=1_000),
        ),
        *_plan(
            "business",
            _("Business"),
            _("For a company that sells, buys, stocks and keeps its books."),
            amounts=("79", "74", "528"),
            seat=("12", "11", "79"),
            modules=("base", "crm", "erp", "scm"),
            seats=5,
            quotas=_quotas(Limit.SOFT, storage=100 * GIB, api_points=2_000, automation_runs=20_000, messages=20_000),
        ),
        *_plan(
            "enterprise",
            _("Enterprise"),
            _("For a group that runs everything on one platform."),
            amounts=("249", "229", "1680"),
            seat=("20", "19", "138"),
            modules=("base", "crm", "erp", "scm", "oa"),
            seats=10,
            quotas=_quotas(Limit.SOFT, storage=1024 * GIB, api_points=10_000, automation_runs=200_000, messages=200_000),
        ),
        *_plan(
            "custom",
            _("Pick your own"),
            _("The base, and just the modules that you choose."),
            amounts=("9", "9", "59"),
            seat=("8", "8", "55"),
            modules=("base",),
            seats=1,
            quotas=_quotas(Limit.SOFT, storage=20 * GIB, api_points=1_000, automation_runs=5_000, messages=2_000),
        ),
        _addition(Kind.BUNDLE, "crm", ("25", "23", "168")),
        _addition(Kind.BUNDLE, "erp", ("35", "32", "238")),
        _addition(Kind.BUNDLE, "scm", ("30", "28", "198")),
        _addition(Kind.BUNDLE, "oa", ("9", "8", "59")),
        _addition(Kind.MODULE, "sales", ("15", "14", "98")),
        _addition(Kind.MODULE, "service", ("12", "11", "79")),
        _addition(Kind.MODULE, "orders", ("12", "11", "79")),
        _addition(Kind.MODULE, "finance", ("20", "19", "138")),
        _addition(Kind.MODULE, "stock", ("15", "14", "98")),
        _addition(Kind.MODULE, "workflow", ("9", "8", "59")),
        _meter(Counted.STORAGE, _("Storage beyond the plan"), ("0.01", "0.01", "0.07"), 30, _("a GB for 30 days"), unit_size=GIB),
        _meter(
            Counted.AUTOMATION_RUNS, _("Automation runs beyond the plan"), ("0.001", "0.001", "0.007"), 1_000, _("1,000 runs")
        ),
        _meter(Counted.MESSAGES, _("Messages beyond the plan"), ("0.002", "0.002", "0.014"), 1_000, _("1,000 messages")),
    ),
)
