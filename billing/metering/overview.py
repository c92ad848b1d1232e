"""What the company in force uses of what is included, as it is told."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from tessera.access.selectors import seats_taken
from tessera.files.selectors import bytes_taken
from tessera.quotas import Meter, limit_of
from tessera.usage.models import UsageCount
from tessera.usage.services import period_now

from billing.lifecycle.texts import meter_title


class Counts(Enum):
    """What is counted: what is held now, or what was used up in this calendar month."""

    NOW = "now"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class MeterUsage:
    """How much is used of something, and how much is included, null without a limit.

    What is `soft` goes on beyond that and is paid: `beyond` is how much of the month's use is. Of storage and seats it is what is
    held beyond the plan now.
    """

    meter: str
    title: str
    counts: Counts
    used: int
    included: int | None
    soft: bool
    beyond: int
    per_cent: int | None


@dataclass(frozen=True, kw_only=True)
class BillingUsage:
    """What the company uses of what is limited; `period` is the first day of the month in which it is counted."""

    period: date
    meters: list[MeterUsage]


def billing_usage() -> BillingUsage:
    """Show what this company uses of its plan: seats, storage, automation runs and messages."""
    period = period_now()
    rows = {row.meter: row for row in UsageCount.objects.filter(period=period)}
    found = [_held(Meter.SEATS, seats_taken()), _held(Meter.STORAGE, bytes_taken())]
    for meter in (Meter.AUTOMATION_RUNS, Meter.MESSAGES):
        row = rows.get(meter)
        found.append(_line(meter, Counts.MONTH, row.used if row else 0, row.beyond if row else 0))
    return BillingUsage(period=period, meters=found)


def _held(meter: Meter, used: int) -> MeterUsage:
    included = limit_of(meter).included
    return _line(meter, Counts.NOW, used, 0 if included is None else max(used - included, 0))


def _line(meter: Meter, counts: Counts, used: int, beyond: int) -> MeterUsage:
    limit = limit_of(meter)
    return MeterUsage(
        meter=str(meter),
        title=meter_title(meter),
        counts=counts,
        used=used,
        included=limit.included,
        soft=limit.is_soft,
        beyond=beyond,
        per_cent=used * 100 // limit.included if limit.included else None,
    )
