"""Amounts and their rounding: one rule, half away from zero, used everywhere.

Shapes: amounts are `Decimal`; a currency is its ISO code; minor units are the decimals of
the currency. A credit note is the exact negative of its invoice because rounding is symmetric.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _

from tessera.errors import Refused

ZERO = Decimal(0)


@dataclass(frozen=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)


def minor_units(currency: str) -> int:
    """Return the number of decimals of `currency` (CNY 2, JPY 0), from the CLDR."""
    return get_currency_precision(currency)


def round_to(value: Decimal, decimals: int) -> Decimal:
    """Round half away from zero, as PostgreSQL's `round(numeric)` does; refuse what has more digits than any column holds."""
    try:
        return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise Refused("INVALID", _("A value is too long or too large.")) from None


def round_money(value: Decimal, currency: str) -> Decimal:
    """Round an amount to the minor unit of its currency."""
    return round_to(value, minor_units(currency))


def line_net(quantity: Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """Return `quantity x unit_price x (1 - discount)`, rounded once; `discount` is a fraction."""
    return round_money(quantity * unit_price * (1 - discount), currency)


def part_of(total: Decimal, cumulative: Decimal, whole: Decimal, done: Decimal, decimals: int) -> Decimal:
    """Return the next part of `total` once `cumulative` of `whole` is reached.

    `done` is what earlier parts took. The last part takes the rest, so parts sum to the
    whole: 100.00 in thirds is 33.33, 33.34, 33.33.
    """
    if whole == 0:
        raise ValueError("a part of nothing is not defined")
    if cumulative == whole:
        return total - done
    return round_to(total * cumulative / whole, decimals) - done


def spread(total: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Spread `total` over `weights` by largest remainder; the parts sum to `total` exactly.

    `total` must already be rounded to `decimals`; with all weights zero the shares are equal.
    """
    if not weights:
        raise ValueError("nothing to spread over")
    whole = sum(weights, ZERO)
    shares = [Decimal(1)] * len(weights) if whole == 0 else list(weights)
    whole = sum(shares, ZERO)
    unit = Decimal(1).scaleb(-decimals)
    exact = [total * share / whole for share in shares]
    floors = [(value / unit).to_integral_value("ROUND_FLOOR") * unit for value in exact]
    missing = int(((total - sum(floors, ZERO)) / unit).to_integral_value())
    by_remainder = sorted(range(len(shares)), key=lambda i: (floors[i] - exact[i], -shares[i], i))
    for i in by_remainder[:missing]:
        floors[i] += unit
    return floors
