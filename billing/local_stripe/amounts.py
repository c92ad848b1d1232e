"""Whole cents: rounding, shares of time, and spreading an amount over others."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.local_stripe.store import Row


def rounded(exact: Fraction | Decimal) -> int:
    """Round to whole cents, half away from zero, so that a credit undoes the debit of the same share."""
    value = Fraction(exact)
    cents = int(abs(value) + Fraction(1, 2))
    return cents if value >= 0 else -cents


def share(amount: int, *, left: int, whole: int) -> int:
    """Return the part of an amount that `left` seconds are of a period of `whole` seconds."""
    return rounded(Fraction(amount * left, whole))


def spread(amount: int, over: Sequence[int]) -> list[int]:
    """Spread an amount in proportion to others; what rounding leaves goes to the largest remainders first."""
    total = sum(over)
    if not total:
        return [0 for _ in over]
    exact = [Fraction(amount * each, total) for each in over]
    parts = [int(each) for each in exact]
    by_remainder = sorted(range(len(over)), key=lambda number: (parts[number] - exact[number], number))
    for number in by_remainder[: amount - sum(parts)]:
        parts[number] += 1
    return parts


def price_of(price: Row, quantity: int | Decimal) -> int:
    """Return what a quantity costs at a price."""
    return rounded(Decimal(price["unit_amount_decimal"] or "0") * quantity)


def written(amount: int, currency: str) -> str:
    """Return an amount as people read it."""
    return f"{'-' if amount < 0 else ''}{_sign(currency)}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def written_unit(price: Row) -> str:
    """Return what one unit of a price costs as people read it, which may be parts of a cent: $0.0001."""
    exact = Decimal(price["unit_amount_decimal"] or "0") / 100
    decimals = max(2, -int(exact.normalize().as_tuple().exponent))
    return f"{_sign(price['currency'])}{exact:,.{decimals}f}"


def _sign(currency: str) -> str:
    return {"usd": "$", "eur": "€", "cny": "CN¥", "gbp": "£"}.get(currency, f"{currency.upper()} ")
