"""The one gate at which everything limited is used: it counts, refuses beyond a hard limit, and warns before one.

What is used up (`use`) is counted here, in a row of the month that stays locked until the commit: two users never share
the last one, and what is undone was not used. What is held for a time (`hold`) its owner counts, under a lock of its own.
"""

from datetime import date
from typing import Any

from django.db import connections
from django.db.models import F
from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import Refused
from tessera.events import publish
from tessera.fields import new_id
from tessera.quotas import Limit, Meter, limit_of
from tessera.unit_of_work import current_unit
from tessera.usage.events import LimitNeared
from tessera.usage.models import UsageCount

WARNED_AT = (80, 100)  # per cent of what is included
_ADD = """
INSERT INTO usage_usagecount (id, meter, period, used) VALUES (%s, %s, %s, %s)
ON CONFLICT (meter, period) DO UPDATE SET used = usage_usagecount.used + EXCLUDED.used RETURNING used
"""
_WARN = """
INSERT INTO usage_usagewarning (id, meter, period, percent, used, included) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (meter, period, percent) DO NOTHING RETURNING id
"""


def period_now() -> date:
    """Return the first day of this month where the company is."""
    return current().tenant.today.replace(day=1)


def use(meter: Meter, amount: int = 1, *, field: str = "") -> None:
    """Use up some of what a month includes, in the unit of work that uses it; refuse with QUOTA beyond a hard limit."""
    current_unit()
    limit = limit_of(meter)
    after = _fetch(_ADD, [new_id(), meter, period_now(), amount])
    _judge(meter, limit, after - amount, after, field)
    if limit.is_soft and limit.included is not None and after > limit.included:
        beyond = after - max(limit.included, after - amount)
        UsageCount.objects.filter(meter=meter, period=period_now()).update_unaudited(beyond=F("beyond") + beyond)


def hold(meter: Meter, *, before: int, after: int, field: str = "") -> None:
    """Say that so much of something is held now, in the unit of work that takes more; refuse with QUOTA beyond a hard limit."""
    current_unit()
    _judge(meter, limit_of(meter), before, after, field)


def _judge(meter: Meter, limit: Limit, before: int, after: int, field: str) -> None:
    if limit.included is None or after <= before:
        return
    if after > limit.included and not limit.is_soft:
        raise Refused("QUOTA", _refusal(meter, limit.included), *([field] if field else []))
    _warn(meter, before, after, limit)


def _warn(meter: Meter, before: int, after: int, limit: Limit) -> None:
    """Keep which per cents are passed for the first time in this month, and tell the highest."""
    assert limit.included is not None
    period, new = period_now(), None
    for percent in WARNED_AT:
        if before * 100 < limit.included * percent <= after * 100:
            key = _fetch(_WARN, [new_id(), meter, period, percent, after, limit.included])
            new = (key, percent) if key else new
    if new:
        key, percent = new
        publish(
            LimitNeared(
                subject=key,
                meter=str(meter),
                period=period,
                percent=percent,
                used=after,
                included=limit.included,
                is_soft=limit.is_soft,
            )
        )


def _fetch(statement: str, values: list[Any]) -> Any:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
        return row and row[0]


def _refusal(meter: Meter, included: int) -> str:
    said = {
        Meter.SEATS: _(
            "All {included} seats of this company are taken. Deactivate a member, take an invitation back, or ask an owner to buy "
            "more seats in Billing."
        ),
        Meter.STORAGE: _(
            "The files of this company would take more than {included} bytes. Delete some, or ask an owner for a larger plan in "
            "Billing."
        ),
        Meter.AUTOMATION_RUNS: _(
            "The {included} automation runs of this month are used up. Wait for the next month, or ask an owner for a larger plan "
            "in Billing."
        ),
        Meter.MESSAGES: _(
            "The {included} messages of this month are used up. Wait for the next month, or ask an owner for a larger plan in "
            "Billing."
        ),
    }
    return said[meter].format(included=included)
