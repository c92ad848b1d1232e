"""Whatever is given back, in any order and told any number of times: sales are reversed by just that, and by no more than themselves."""

import random
from datetime import UTC, datetime
from decimal import Decimal as D
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.gateway.money import GivenBack, PaidInvoice, PaidLine
from billing.partners.reversing import Booked, part_given_back, steps_of

AT = datetime(2031, 1, 1, tzinfo=UTC)
CENT = D("0.01")


@st.composite
def invoices(draw):
    """Return a paid invoice, and what is given back of it: Stripe lets notes take no more of a line, or of all, than there is."""
    tax = draw(st.sampled_from([0, 7, 19]))
    grosses = draw(st.lists(st.integers(1, 100_000), min_size=1, max_size=5))
    credited = draw(st.lists(st.integers(-5_000, -1), max_size=1))  # a part of a period, which is never given back
    lines = [PaidLine(f"il_{place}", "p", CENT * cents, _taxed(cents, tax)) for place, cents in enumerate([*grosses, *credited])]
    base = sum(line.total for line in lines if line.total > 0)
    left = {line.id: line.total for line in lines if line.total > 0}
    back = []
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(["line", "line", "lines", "credit", "refund", "dispute"]))
        some = ()
        if kind in ("line", "lines"):
            keys = draw(st.lists(st.sampled_from(sorted(left)), min_size=1, max_size=1 if kind == "line" else 3, unique=True))
            some = tuple((key, draw(st.integers(0, int(left[key] * 100))) * CENT) for key in keys)
            for key, amount in some:
                left[key] -= amount
            amount = sum(amount for _key, amount in some)
        else:
            amount = draw(st.integers(0, int(base * 100))) * CENT
        back.append(GivenBack(f"g_{number}", "credit" if kind.startswith("line") else kind, amount, AT, some))
    return PaidInvoice("in_1", "cus_1", "USD", AT, base, tuple(lines), tuple(back))


def _taxed(cents, tax):
    return (D(cents) * (100 + tax) / 100).quantize(D(1)) * CENT


def booked_after(line, share, seen, tellings):
    """Return what is booked of a sale after Stripe was asked several times, each time with what it said then."""
    booked = []
    for backs in tellings:
        told = PaidInvoice(seen.id, seen.customer, seen.currency, seen.paid_at, seen.base, seen.lines, tuple(backs))
        for step in steps_of(line.id, line.gross, share, told, tuple(booked)):
            assert step.gross or step.share
            booked.append(Booked(step.back.id, step.gross, step.share, step.taken))
            assert step.serial == sum(each.source == step.back.id for each in booked)
            assert 0 <= sum(each.gross for each in booked) <= line.gross
            assert 0 <= sum(each.share for each in booked) <= share
    return booked


@settings(max_examples=300, deadline=None)
@given(seen=invoices(), seed=st.integers(0, 2**32), points=st.integers(0, 10_000))
def test_what_is_reversed_is_what_was_given_back_and_never_more_than_a_sale(seen, seed, points):
    chance = random.Random(seed)
    sold = [line for line in seen.lines if line.total > 0]
    final = {back.id: back.amount for back in seen.given_back}
    given_back = sum(final.values(), D(0))
    parts = {line.id: part_given_back(line.id, seen, final) for line in sold}
    assert all(0 <= part <= 1 for part in parts.values())
    assert sum(parts[line.id] * Fraction(line.total) for line in sold) == min(Fraction(given_back), Fraction(seen.base))
    named = {line.id: sum(amount for back in seen.given_back for key, amount in back.of_lines if key == line.id) for line in sold}
    assert all(parts[line.id] * Fraction(line.total) >= named[line.id] for line in sold)

    def news():  # in any order, some not there yet, some that have come to nothing since or not yet
        some = [back for back in seen.given_back if chance.random() < 0.7]
        chance.shuffle(some)
        return [back if chance.random() < 0.7 else GivenBack(back.id, back.kind, D(0), AT) for back in some]

    for line in sold:
        share = (line.gross * points / 10_000).quantize(CENT)
        tellings = [news() for _time in range(chance.randrange(4))]
        last = chance.sample(seen.given_back, len(seen.given_back))
        booked = booked_after(line, share, seen, [*tellings, last])
        assert booked_after(line, share, seen, [*tellings, last, seen.given_back, last]) == booked  # told again is nothing
        gross, shared = sum((each.gross for each in booked), D(0)), sum((each.share for each in booked), D(0))
        exact = parts[line.id] * Fraction(line.gross)
        assert abs(Fraction(gross) - exact) <= Fraction(1, 200)
        assert abs(Fraction(shared) - parts[line.id] * Fraction(share)) <= Fraction(1, 200)
        if parts[line.id] in (0, 1):
            assert (gross, shared) == (line.gross * int(parts[line.id]), share * int(parts[line.id]))


@settings(max_examples=200, deadline=None)
@given(seen=invoices())
def test_without_tax_lines_that_are_named_lose_just_what_was_credited(seen):
    if any(line.gross != line.total for line in seen.lines) or any(not back.of_lines for back in seen.given_back):
        return
    for line in (each for each in seen.lines if each.total > 0):
        credited = sum((amount for back in seen.given_back for key, amount in back.of_lines if key == line.id), D(0))
        assert sum((step.gross for step in steps_of(line.id, line.gross, D(0), seen, ())), D(0)) == credited
