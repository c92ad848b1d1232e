"""How much of each sale is reversed by what was given back of its invoice. Pure: what Stripe says and what is booked in, steps out.

A credit note that names lines takes from these, whatever else was given back; everything else takes the same part of whatever is left
of each line. It is reckoned from the beginning each time, so order and repetition cannot matter, and the last of it takes the rest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tessera.money import minor_units, part_of

from billing.gateway.money import GivenBack, PaidInvoice

ZERO = Decimal(0)


@dataclass(frozen=True)
class Booked:
    """What a booked line has reversed of a sale, and how much of its source's amount (`taken`) it accounts for.

    Each is below nothing where it undoes.
    """

    source: str
    gross: Decimal
    share: Decimal
    taken: Decimal


@dataclass(frozen=True)
class Step:
    """What has to be reversed more of a sale by a source, `serial` counting those of one source; below nothing where it came to nothing."""

    back: GivenBack
    serial: int
    gross: Decimal
    share: Decimal
    taken: Decimal


def steps_of(line: str, gross: Decimal, share: Decimal, seen: PaidInvoice, booked: Iterable[Booked]) -> Iterator[Step]:
    """Yield what is missing until a sale is reversed as far as its invoice was given back.

    `line` is the line of the invoice that was sold, `gross` and `share` what was booked for it. What changes nothing is no step, and
    what changed nothing before may do so now: the last one takes what is missing in the end.
    """
    done = list(booked)
    had = Counter(each.source for each in done)
    known = {source: sum((each.taken for each in done if each.source == source), ZERO) for source in had}
    of_gross, of_share = sum((each.gross for each in done), ZERO), sum((each.share for each in done), ZERO)
    decimals = minor_units(seen.currency)

    def missing(amounts: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        part = part_given_back(line, seen, amounts)
        reached, whole = Decimal(part.numerator), Decimal(part.denominator)
        return part_of(gross, reached, whole, of_gross, decimals), part_of(share, reached, whole, of_share, decimals)

    if not any(missing({back.id: back.amount for back in seen.given_back})):
        return
    for back in seen.given_back:
        change = back.amount - known.get(back.id, ZERO)
        if not change and back is not seen.given_back[-1]:
            continue
        known[back.id] = back.amount
        more, more_share = missing(known)
        if more or more_share:
            of_gross, of_share = of_gross + more, of_share + more_share
            yield Step(back, had[back.id] + 1, more, more_share, change)


def part_given_back(line: str, seen: PaidInvoice, amounts: Mapping[str, Decimal]) -> Fraction:
    """Return which part of a line was given back, if of each source so much was; 0 to 1."""
    totals = {each.id: Fraction(each.total) for each in seen.lines if each.total > 0}
    named = dict.fromkeys(totals, Fraction(0))
    for back in seen.given_back:
        for key, amount in back.of_lines if amounts.get(back.id) else ():
            if key in totals:
                named[key] = min(named[key] + Fraction(amount), totals[key])
    all_named = sum(named.values(), Fraction(0))
    left = max(Fraction(seen.base) - all_named, Fraction(0))
    spread = min(max(Fraction(sum(amounts.values(), ZERO)) - all_named, Fraction(0)), left)
    of_rest = spread / left if left else Fraction(0)
    return (named[line] + (totals[line] - named[line]) * of_rest) / totals[line]
