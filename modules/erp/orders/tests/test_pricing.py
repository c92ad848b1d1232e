"""What lines cost: list prices, units, discounts, charges, taxes, rounding."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.api import ExchangeRate, LineKind, Tax, TaxRule, add_conversion
from modules.base.tests.factories import make_item, make_tax, make_unit
from modules.erp.orders.services import QuoteLineInput, create_quote
from modules.erp.orders.tests.factories import make_shop

D = Decimal


def problems_of(refusal) -> list:
    return [(p.code, p.field) for p in refusal.value.problems]


def test_the_list_price_is_taken_and_its_trace_says_so(orders):
    shop = make_shop()
    quote = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(10), discount=D("0.15")))
    line = quote.lines.get()
    assert (line.unit_price, line.discount, line.net, line.gross) == (D(18), D("0.15"), D("153.00"), D("153.00"))
    assert (quote.net_total, quote.tax_total, quote.gross_total) == (D("153.00"), 0, D("153.00"))
    assert line.price_trace == {
        "source": "list_price",
        "list_price": "18",
        "list_price_currency": "USD",
        "rate": "1",
        "base_units_per_unit": "1/1",
        "unit_price": "18",
        "discount": "0.15",
    }


def test_each_line_is_rounded_once_and_half_up(orders):
    """Lines in the style of a public trading data set: 14.4 x 45 x 0.8, and halves of a cent."""
    shop = make_shop()
    cases = [
        ("14.40", 45, "0.2", "518.40"),
        ("7.45", 5, "0.05", "35.39"),
        ("0.35", 1, "0.1", "0.32"),
        ("9.65", 3, "0.25", "21.71"),
    ]
    quote = shop.quote(
        *(QuoteLineInput(item=shop.tea, unit_price=D(price), quantity=D(q), discount=D(off)) for price, q, off, _ in cases)
    )
    assert [line.net for line in quote.sealed_lines()] == [D(net) for *_, net in cases]
    assert quote.net_total == D("575.82")


def test_a_dozen_is_twelve_pieces_and_costs_twelve_times_as_much(orders):
    shop = make_shop()
    dozen = make_unit("dozen")
    add_conversion(item=shop.tea, source=dozen, target=shop.tea.unit, numerator=12)
    line = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(2), unit=dozen)).lines.get()
    assert (line.quantity, line.base_quantity, line.unit_price, line.net) == (2, 24, D(216), D("432.00"))
    assert line.price_trace["base_units_per_unit"] == "12/1"


def test_freight_is_a_line_and_counts_in_the_totals(orders):
    shop = make_shop()
    quote = shop.quote(
        QuoteLineInput(item=shop.tea, quantity=D(1)),
        QuoteLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D("32.38")),
    )
    freight = quote.lines.get(kind="charge")
    assert (freight.fulfilment, freight.invoicing, freight.base_quantity) == ("manual", "ordered", 1)
    assert quote.gross_total == D("50.38")


def test_a_discount_line_takes_off(orders):
    shop = make_shop()
    quote = shop.quote(
        QuoteLineInput(item=shop.tea, quantity=D(10)),
        QuoteLineInput(kind=LineKind.DISCOUNT, description="Jubilee", unit_price=D(18)),
    )
    assert (quote.net_total, quote.largest_discount()) == (D("162.00"), D("0.1"))
    assert quote.approval_facts() == {"amount": D("162.00"), "discount_percent": D(10)}


def test_tax_is_chosen_by_rule_and_kept_as_rows(orders):
    shop = make_shop()
    vat = make_tax("VAT13", "0.13")
    with unit_of_work():
        TaxRule(side=Tax.Side.SALE, tax=vat).save()
    quote = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(3), unit_price=D("33.33")))
    row = quote.taxes.get()
    assert (row.tax, row.rate, row.base, row.amount, row.included) == (vat, D("0.13"), D("99.99"), D("13.00"), False)
    assert (quote.net_total, quote.tax_total, quote.gross_total) == (D("99.99"), D("13.00"), D("112.99"))


def test_an_inclusive_price_is_split(orders):
    shop = make_shop(prices_include_tax=True)
    vat = make_tax("VAT13", "0.13")
    line = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(1), unit_price=D("113.00"), taxes=[vat])).lines.get()
    assert (line.net, line.gross, line.taxes.get().amount) == (D("100.00"), D("113.00"), D("13.00"))


def test_no_taxes_named_means_none(orders):
    shop = make_shop()
    vat = make_tax()
    with unit_of_work():
        TaxRule(side=Tax.Side.SALE, tax=vat).save()
    assert shop.quote(QuoteLineInput(item=shop.tea, taxes=[])).tax_total == 0


def test_a_list_price_in_another_currency_is_converted(orders):
    shop = make_shop()
    jam = make_item("JAM", list_price=D("10"), list_price_currency="EUR")
    with unit_of_work():
        ExchangeRate(currency="EUR", quote="USD", date=date(2000, 1, 1), rate=D("1.1")).save()
    assert shop.quote(QuoteLineInput(item=jam)).lines.get().unit_price == D("11")


def test_without_a_rate_a_foreign_quote_is_refused(orders):
    shop = make_shop()
    with pytest.raises(Refused) as refusal:
        shop.quote(currency="EUR")
    assert problems_of(refusal) == [("NO_RATE", ("rate",))]


def test_every_bad_line_is_named_with_its_field(orders):
    shop = make_shop()
    free = make_item("FREE")
    bad = [
        QuoteLineInput(item=shop.tea, quantity=D(0)),
        QuoteLineInput(item=shop.tea, discount=D("1.01")),
        QuoteLineInput(item=shop.tea, unit_price=D("-1")),
        QuoteLineInput(item=shop.tea, unit_price=D("NaN")),
        QuoteLineInput(item=shop.tea, quantity=D("1e30")),
        QuoteLineInput(kind=LineKind.ITEM, description="What?"),
        QuoteLineInput(kind=LineKind.ADVANCE, description="Advance", unit_price=D(1)),
        QuoteLineInput(unit_price=D(1)),
    ]
    with pytest.raises(Refused) as refusal:
        shop.quote(*bad)
    assert problems_of(refusal) == [
        ("INVALID", ("lines", "0", "quantity")),
        ("INVALID", ("lines", "1", "discount")),
        ("INVALID", ("lines", "2", "unit_price")),
        ("INVALID", ("lines", "3", "unit_price")),
        ("INVALID", ("lines", "4", "quantity")),
        ("REQUIRED", ("lines", "5", "item")),
        ("INVALID", ("lines", "6", "kind")),
        ("REQUIRED", ("lines", "7", "description")),
    ]
    with pytest.raises(Refused) as refusal:
        shop.quote(QuoteLineInput(item=free), QuoteLineInput(item=shop.tea, unit=make_unit("kg2")))
    assert problems_of(refusal) == [("REQUIRED", ("lines", "0", "unit_price")), ("NO_CONVERSION", ("lines", "1", "unit"))]


def test_a_foreign_address_is_refused(orders):
    from modules.base.api import AddressInput, create_party

    shop = make_shop()
    eve = create_party(name="Eve", addresses=[AddressInput(city="Elsewhere")])
    with pytest.raises(Refused) as refusal:
        create_quote(company=shop.company, party=shop.customer, lines=[], ship_to=eve.addresses.get())
    assert problems_of(refusal) == [("INVALID", ("ship_to",))]
