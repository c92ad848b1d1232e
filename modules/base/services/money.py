"""Rates of exchange and due dates."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Refused, minor_units, spread

from modules.base.models import ExchangeRate, PaymentTerm


@dataclass(frozen=True)
class QuotedRate:
    """A rate with the day and source it was taken from."""

    rate: Decimal
    date: date
    source: str


def rate_on(*, currency: str, quote: str, on: date) -> QuotedRate:
    """Return the latest rate of `currency` in `quote` up to a day; refuse with NO_RATE where there is none."""
    if currency == quote:
        return QuotedRate(Decimal(1), on, "same currency")
    found = ExchangeRate.objects.filter(currency=currency, quote=quote, date__lte=on).order_by("-date").first()
    if found is None:
        raise Refused(
            "NO_RATE",
            _("There is no rate of {currency} in {quote} up to {day}.").format(currency=currency, quote=quote, day=on),
            "rate",
        )
    return QuotedRate(found.rate, found.date, found.source)


@dataclass(frozen=True)
class Instalment:
    """A part of an amount and when it is due."""

    due_date: date
    amount: Decimal


def instalments(*, total: Decimal, currency: str, term: PaymentTerm | None, base_dates: dict[str, date]) -> list[Instalment]:
    """Split `total` over the instalments of a payment term; without a term it is due at once.

    `base_dates` gives the day per kind of base. "invoice" must be there; a delivery falls back to it,
    a statement to the end of its month. The parts sum to `total`.
    """
    lines = list(term.lines.order_by("position")) if term else []
    if not lines:
        return [Instalment(base_dates["invoice"], total)]
    base_dates = {"delivery": base_dates["invoice"], "statement": _month_end(base_dates["invoice"]), **base_dates}
    parts = spread(total, [line.share for line in lines], minor_units(currency))
    return [
        Instalment(_due(base_dates[line.base], line.days, line.month_end), part) for line, part in zip(lines, parts, strict=True)
    ]


def _due(base: date, days: int, month_end: bool) -> date:
    due = base + timedelta(days=days)
    return _month_end(due) if month_end else due


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
