"""Billing periods: months and years from an anchor, so that the 31st comes back after February."""

import calendar
from datetime import UTC, datetime, timedelta

from billing.local_stripe.clock import DAY
from billing.local_stripe.store import Row


def after(anchor: int, interval: str, count: int) -> int:
    """Return the moment `count` intervals after an anchor, on its day of the month or the last one there is."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in ("day", "week"):
        return int((start + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = start.year * 12 + start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def period_around(anchor: int, recurring: Row, moment: int) -> tuple[int, int]:
    """Return start and end of the period of an anchor's rhythm in which a moment lies; a boundary begins the next."""
    interval, step = recurring["interval"], recurring["interval_count"]
    length = {"day": DAY, "week": 7 * DAY, "month": 28 * DAY, "year": 365 * DAY}[interval] * step
    number = (moment - anchor) // length
    while after(anchor, interval, number * step) > moment:
        number -= 1
    while after(anchor, interval, (number + 1) * step) <= moment:
        number += 1
    return after(anchor, interval, number * step), after(anchor, interval, (number + 1) * step)


def day_of(moment: int) -> str:
    """Return a day as lines of invoices write it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")
