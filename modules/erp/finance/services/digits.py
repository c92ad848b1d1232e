"""Numbers, texts and days that the books can hold: what is beyond is refused by name before it is reckoned with."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from tessera.api import Problem, Refused

MOST = Decimal(10) ** 16  # an amount has 16 digits before its point
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
CURRENCY = re.compile(r"[A-Z]{3}\Z")


def misfits(model: type[models.Model], values: Mapping[str, Any], *where: str) -> Iterator[Problem]:
    """Yield a finding per value, by the name of its column, that the column cannot hold."""
    for column in model._meta.concrete_fields:
        value = values.get(column.attname)
        if isinstance(column, models.DecimalField) and isinstance(value, Decimal):
            if not _fits(value, column.max_digits - column.decimal_places, column.decimal_places):
                yield Problem("INVALID", _("This number has too many digits."), (*where, column.name))
        elif isinstance(value, str) and column.max_length and len(value) > column.max_length:
            yield Problem("INVALID", _("This text is too long."), (*where, column.name))


def _fits(value: Decimal, whole: int, places: int) -> bool:
    if not value.is_finite():
        return False
    exponent: Any = value.normalize().as_tuple().exponent
    return abs(value) < Decimal(10) ** whole and -exponent <= places


def refuse_misfits(row: models.Model, *where: str) -> None:
    """Refuse a row with values that its columns cannot hold, all of them at once."""
    if problems := list(misfits(type(row), row.__dict__, *where)):
        raise Refused.of(problems)


def check_amount(amount: Decimal, *field: str) -> Decimal:
    """Return an amount that was reckoned; refuse one that is too large for the books."""
    if abs(amount) >= MOST:
        raise Refused("INVALID", _("This comes to more than the books can hold."), *field)
    return amount


def check_currency(code: str, *field: str) -> str:
    """Return the code of a currency in upper case; refuse what is none."""
    if not CURRENCY.match(code.upper()):
        raise Refused("INVALID", _("A currency is named by its three letters."), *field)
    return code.upper()


def check_rate(rate: Decimal, *field: str) -> Decimal:
    """Return a rate of exchange; refuse one that is not above zero."""
    if rate <= 0:
        raise Refused("INVALID", _("A rate of exchange is above zero."), *field)
    return rate


def check_day(day: date, *field: str) -> date:
    """Return a day that business is done on; refuse one that nobody can mean."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused("INVALID", _("This day is too far away."), *field)
    return day
