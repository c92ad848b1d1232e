"""What a company pays a month beside its plan: for bundles and modules, and for what it used beyond the plan in this month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum
from tessera.money import round_money

from billing.catalogue.offers import Interval, Kind, months_of
from billing.catalogue.selectors import catalogue
from billing.models import Subscription, UsageReport
from billing.services.wanted import ADDITIONS
from tenants.models import Tenant

ZERO = Decimal(0)


@dataclass(frozen=True)
class Spend:
    """What a company pays in a month, without tax: `additions` each month anew, `usage` so far in this one."""

    additions: Decimal
    usage: Decimal

    @property
    def total(self) -> Decimal:
        """Return both together."""
        return self.additions + self.usage


def per_month(amount: Decimal, interval: str, currency: str, count: int = 1) -> Decimal:
    """Return what an amount that is paid every so many intervals comes to in a month, to the cent: of a year a twelfth."""
    return round_money(amount / months_of(interval, count), currency)


def is_addition(product: str) -> bool:
    """Say whether a product is bought beside a plan; seats are part of it."""
    offer = catalogue().by_key.get(product)
    return offer is not None and offer.kind in ADDITIONS


def spend_of(tenant: Tenant, subscription: Subscription | None, currency: str, period: date) -> Spend:
    """Return what a company spends in the month that begins with `period`, in the currency that it is billed in."""
    lines = subscription.items.all() if subscription else ()
    bought = (line for line in lines if is_addition(line.product) and line.amount is not None)
    additions = sum(
        (per_month(line.amount * line.quantity, line.interval, currency, line.interval_count) for line in bought), ZERO
    )
    return Spend(additions, usage_of(tenant, currency, period))


def usage_of(tenant: Tenant, currency: str, period: date) -> Decimal:
    """Return what was used beyond the plan in a month and is paid, as far as it is written down, which it is each hour."""
    end = date(period.year + period.month // 12, period.month % 12 + 1, 1)
    reports = UsageReport.objects.filter(tenant=tenant, period__gte=period, period__lt=end)
    total = ZERO
    for meter, units in reports.order_by("meter").values_list("meter").annotate(Sum("units")):
        offer = catalogue().by_key.get(f"{Kind.METER}.{meter}")
        price = offer.price(Interval.MONTH, currency) if offer else None
        total += price.amount * units if price else ZERO
    return round_money(total, currency)
