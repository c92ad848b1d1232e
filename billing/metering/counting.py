"""What a company used beyond its plan becomes reports to Stripe: each once, and in sum what was counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Sum
from tessera.context import current
from tessera.files.selectors import bytes_taken
from tessera.quotas import Meter, limit_of
from tessera.usage.models import UsageCount

from billing.catalogue.offers import Meter as SoldMeter
from billing.catalogue.selectors import catalogue
from billing.models import Customer, UsageReport
from tenants.models import Tenant

LATE = timedelta(days=93)  # after the begin of a month nothing is counted for it any more


@dataclass(frozen=True)
class Beyond:
    """So much was used beyond what is included, in all, of a meter in a period; in the unit of the quota."""

    meter: str
    period: date
    amount: int


def count_usage(*, now: datetime) -> list[UsageReport]:
    """Write down what the company in force used beyond its plan and nobody has written down yet; who pays nothing has none."""
    here = current().tenant
    if not Customer.objects.filter(tenant=here.id, stripe_id__isnull=False).exists():
        return []
    found = [*_used_up(), *_stored()]
    with transaction.atomic(using="shared"):
        tenant = Tenant.objects.select_for_update().get(pk=here.id)
        return [report for each in found if (report := _report(tenant, each, now))]


def _used_up() -> Iterator[Beyond]:
    rows = UsageCount.objects.filter(beyond__gt=0, period__gt=current().tenant.today - LATE)
    yield from (Beyond(row.meter, row.period, row.beyond) for row in rows.order_by("period", "meter"))


def _stored() -> Iterator[Beyond]:
    """Yield what is stored beyond what is included, which counts once for each day on which somebody looks."""
    limit = limit_of(Meter.STORAGE)
    if limit.is_soft and limit.included is not None and (beyond := bytes_taken() - limit.included) > 0:
        yield Beyond(Meter.STORAGE, current().tenant.today, beyond)


def _report(tenant: Tenant, beyond: Beyond, now: datetime) -> UsageReport | None:
    sold = sold_meter(beyond.meter)
    if sold is None:
        return None
    known = UsageReport.objects.filter(tenant=tenant, meter=beyond.meter, period=beyond.period)
    told = known.aggregate(units=Sum("units", default=0), serial=Count("pk"))
    if beyond.meter == Meter.STORAGE and told["serial"]:
        return None
    units = -(-beyond.amount // sold.unit_size) - told["units"]
    if units <= 0:
        return None
    return UsageReport.objects.create(
        tenant=tenant, meter=beyond.meter, period=beyond.period, serial=told["serial"] + 1, units=units, counted_at=now
    )


def sold_meter(counted: str) -> SoldMeter | None:
    """Return how what is beyond a quota is sold; None for what is not."""
    return next((offer.meter for offer in catalogue().offers if offer.meter and offer.meter.counted == counted), None)
