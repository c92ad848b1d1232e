"""Exact unit conversions: a rational factor, rounded once to the base unit's decimals."""

from decimal import Decimal
from fractions import Fraction

from tessera.money import round_to


def convert(quantity: Decimal, factor: Fraction, decimals: int) -> Decimal:
    """Return `quantity x factor` rounded half away from zero to `decimals`.

    The product is exact (a dozen is 12/1, a third of a litre is 1/3); only the result is rounded.
    """
    exact = Fraction(quantity) * factor
    scaled = exact * 10**decimals
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if 2 * rest >= scaled.denominator:
        whole += 1
    result = Decimal(whole if scaled >= 0 else -whole).scaleb(-decimals)
    return round_to(result, decimals)
