"""Rounding, parts and spreads: amounts always add up."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tessera.api import line_net, new_id, part_of, round_money, spread

from modules.base.models import DocumentLine, Tax
from modules.base.services.taxes import AppliedTax
from modules.base.services.totals import price_document

cents = st.decimals(min_value=Decimal("-99999.99"), max_value=Decimal("99999.99"), places=2)
weights = st.lists(st.decimals(min_value=0, max_value=1000, places=3), min_size=1, max_size=20)


def make_line(quantity="1", price="0", discount="0", kind="item"):
    return SimpleNamespace(
        pk=new_id(),
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount=Decimal(discount),
        kind=kind,
        net=None,
        gross=None,
    )


def make_document(included=False, currency="USD", rate="1"):
    return SimpleNamespace(currency=currency, price_includes_tax=included, rate=Decimal(rate))


def vat(rate="0.13", rounding="line"):
    return AppliedTax(Tax(code="VAT", name="VAT", rounding=rounding), Decimal(rate), "invoice")


def test_a_net_is_rounded_once_half_away_from_zero():
    assert line_net(Decimal(3), Decimal("0.335"), Decimal("0"), "USD") == Decimal("1.01")
    assert line_net(Decimal(1), Decimal("0.125"), Decimal("0"), "USD") == Decimal("0.13")
    assert line_net(Decimal(-1), Decimal("0.125"), Decimal("0"), "USD") == Decimal("-0.13")
    assert line_net(Decimal(1), Decimal("10.5"), Decimal("0"), "JPY") == 11


def test_thirds_of_a_hundred_sum_to_a_hundred():
    taken = []
    for reached in (1, 2, 3):
        taken.append(part_of(Decimal("100.00"), Decimal(reached), Decimal(3), sum(taken, Decimal(0)), 2))
    assert taken == [Decimal("33.33"), Decimal("33.34"), Decimal("33.33")]


@given(total=cents, shares=weights)
def test_a_spread_sums_to_its_total(total, shares):
    parts = spread(total, shares, 2)
    assert sum(parts) == total
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)


@given(total=cents, steps=st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_parts_of_a_whole_sum_to_it(total, steps):
    done, reached = Decimal(0), 0
    for step in steps:
        reached += step
        done += part_of(total, Decimal(reached), Decimal(sum(steps)), done, 2)
    assert done == total


@given(total=cents, rate=st.decimals(min_value=0, max_value=1, places=4))
def test_rounding_is_symmetric(total, rate):
    assert round_money(-total * rate, "USD") == -round_money(total * rate, "USD")


def test_a_tax_on_top_of_the_price():
    line, document = make_line("3", "33.33", "0.1"), make_document()
    (row,) = price_document(document, [line], {line.pk: [vat()]}, "USD")
    assert (line.net, row.amount, line.gross) == (Decimal("89.99"), Decimal("11.70"), Decimal("101.69"))
    assert (document.net_total, document.tax_total, document.gross_total) == (line.net, row.amount, line.gross)


def test_a_tax_inside_the_price():
    line, document = make_line("1", "113"), make_document(included=True)
    (row,) = price_document(document, [line], {line.pk: [vat()]}, "USD")
    assert (line.net, row.amount, line.gross) == (Decimal("100.00"), Decimal("13.00"), Decimal("113.00"))


def test_a_tax_that_rounds_per_document_puts_the_rest_on_the_largest_line():
    lines, document = [make_line("1", "0.40"), make_line("1", "0.45"), make_line("1", "0.40")], make_document()
    tax = vat("0.10", "document")
    rows = price_document(document, lines, {line.pk: [tax] for line in lines}, "USD")
    assert [row.amount for row in rows] == [Decimal("0.04"), Decimal("0.05"), Decimal("0.04")]
    assert document.tax_total == Decimal("0.13")
    lines = [make_line("1", "0.44"), make_line("1", "0.44"), make_line("1", "0.45")]
    rows = price_document(document, lines, {line.pk: [tax] for line in lines}, "USD")
    assert document.tax_total == Decimal("0.13") == sum(row.amount for row in rows)


@given(
    prices=st.lists(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999.99"), places=2), min_size=1, max_size=8),
    rate=st.sampled_from(["0.03", "0.06", "0.09", "0.13", "0.175"]),
    included=st.booleans(),
    rounding=st.sampled_from(["line", "document"]),
)
def test_lines_taxes_and_totals_always_add_up(prices, rate, included, rounding):
    lines, document = [make_line("1", str(price)) for price in prices], make_document(included)
    tax = vat(rate, rounding)
    rows = price_document(document, lines, {line.pk: [tax] for line in lines}, "USD")
    assert document.gross_total == sum(line.gross for line in lines) == document.net_total + document.tax_total
    assert document.tax_total == sum(row.amount for row in rows)
    if included:
        assert document.gross_total == sum(prices)
    assert all(amount == amount.quantize(Decimal("0.01")) for line in lines for amount in (line.net, line.gross))


def test_a_part_of_nothing_is_not_defined():
    with pytest.raises(ValueError, match="not defined"):
        part_of(Decimal(1), Decimal(1), Decimal(0), Decimal(0), 2)


def test_every_document_line_field_that_prices_need_exists():
    names = {field.name for field in DocumentLine._meta.get_fields()}
    assert {"quantity", "unit_price", "discount", "net", "gross", "kind"} <= names
