"""What goods cost when they leave, come back, and turn out to have cost something else."""

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.api import Item
from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock.models import LayerUse, LocationKind, StockMove, ValueAdjustmentPart
from modules.scm.stock.services import (
    ReturnLineInput,
    SpreadBy,
    adjust_value,
    apply_difference,
    count_stock,
    return_from_customer,
)
from modules.scm.stock.tests.factories import broken, confirm, on_hand, place, pool_of, put, receive, ship

METHODS = [Item.CostMethod.AVERAGE, Item.CostMethod.FIFO]


def values_out(item) -> list[str]:
    moves = StockMove.objects.filter(item=item, target__kind=LocationKind.CUSTOMER).order_by("seq")
    return [f"{move.value:.2f}" for move in moves]


def sell(company, party, item, *quantities: str):
    """Confirm an order per quantity and ship each; return the deliveries."""
    return [ship(confirm(company, party, [(item, quantity)]).document) for quantity in quantities]


def test_first_in_first_out_takes_the_oldest_layers_and_says_so(inside):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=Item.CostMethod.FIFO)
    receive(company, sam, [(tea, "10", "2.00")])
    receive(company, sam, [(tea, "10", "3.00")])
    sell(company, bob, tea, "4", "8", "8")
    assert values_out(tea) == ["8.00", "18.00", "24.00"]
    uses = LayerUse.objects.order_by("move__seq", "layer__seq").values_list("quantity", "value")
    assert [(int(q), f"{v:.2f}") for q, v in uses] == [(4, "8.00"), (6, "12.00"), (2, "6.00"), (8, "24.00")]
    assert pool_of(company, tea) == (0, 0)
    assert broken() == []


def test_a_moving_average_values_each_issue_at_the_pool_of_then(inside):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item()
    receive(company, sam, [(tea, "10", "2.00")])
    sell(company, bob, tea, "5")
    receive(company, sam, [(tea, "5", "3.00")])
    sell(company, bob, tea, "4", "6")
    assert values_out(tea) == ["10.00", "10.00", "15.00"]
    assert pool_of(company, tea) == (0, 0)


@pytest.mark.parametrize("method", METHODS)
def test_a_return_comes_back_on_hold_at_the_value_it_left_with(inside, method):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=method)
    receive(company, sam, [(tea, "3", "3.3333333333")])
    (delivery,) = sell(company, bob, tea, "3")
    receive(company, sam, [(tea, "3", "9.00")])
    line = delivery.lines.get()
    for quantity in ("1", "1", "1"):
        return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=line, quantity=Decimal(quantity))])
    back = StockMove.objects.filter(returns_move__isnull=False).order_by("seq")
    assert [f"{move.value:.2f}" for move in back] == ["3.33", "3.34", "3.33"]
    assert on_hand(company, tea, LocationKind.HOLD) == 3
    assert pool_of(company, tea) == (6, 37)
    with pytest.raises(Refused) as refusal:
        return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=line, quantity=Decimal(1))])
    assert [(p.code, p.field) for p in refusal.value.problems] == [("LIMIT", ("lines", "0", "quantity"))]
    assert broken() == []


def test_a_return_includes_what_was_added_to_its_cost_later(inside):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=Item.CostMethod.FIFO)
    receipt = receive(company, sam, [(tea, "10", "5.00")])
    (delivery,) = sell(company, bob, tea, "4")
    adjust_value(receipt=receipt, amount=Decimal("10.00"), reason="freight")
    return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=Decimal(4))])
    assert StockMove.objects.get(returns_move__isnull=False).value == 24
    assert pool_of(company, tea) == (10, 60)
    assert broken() == []


@pytest.mark.parametrize("method", METHODS)
def test_a_dearer_bill_falls_on_what_is_here_and_what_was_sold(inside, method):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=method)
    receipt = receive(company, sam, [(tea, "10", "5.00")])
    (delivery,) = sell(company, bob, tea, "4")
    split = apply_split(receipt, "10.00")
    assert (split.on_hand, split.gone) == (6, 4)
    assert pool_of(company, tea) == (6, 36)
    part = ValueAdjustmentPart.objects.get(move__isnull=False)
    assert (part.move.document, part.amount) == (delivery.pk, 4)
    assert broken() == []


def apply_split(receipt, amount: str):
    """Apply a difference to the receipt's only line, as finance does inside its own unit of work."""

    with unit_of_work():
        return apply_difference(
            receipt_line=receipt.lines.get().pk,
            amount=Decimal(amount),
            reason="bill",
            effective_date=date(2026, 4, 1),
            cause="finance",
        )


def test_a_difference_to_an_average_equals_what_the_average_would_have_been(inside):
    """10 @ 2 and 10 @ 4, then 8 and 6 leave: had the second receipt cost 5, they would cost 4 and 3 more."""
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item()
    receive(company, sam, [(tea, "10", "2.00")])
    receipt = receive(company, sam, [(tea, "10", "4.00")])
    sell(company, bob, tea, "8", "6")
    split = apply_split(receipt, "10.00")
    assert (split.on_hand, split.gone) == (3, 7)
    parts = ValueAdjustmentPart.objects.filter(move__isnull=False).order_by("move__seq")
    assert [part.amount for part in parts] == [4, 3]
    assert pool_of(company, tea) == (6, 21)


def test_a_difference_follows_goods_that_came_back(inside):
    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=Item.CostMethod.FIFO)
    receipt = receive(company, sam, [(tea, "10", "5.00")])
    (delivery,) = sell(company, bob, tea, "4")
    return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=Decimal(3))])
    split = apply_split(receipt, "10.00")
    assert (split.on_hand, split.gone) == (9, 1)
    assert pool_of(company, tea) == (9, 54)
    assert broken() == []


def test_freight_after_the_sale_is_spread_over_lines_and_then_over_here_and_gone(inside):
    company = make_company()
    bob, sam, tea, jam = make_customer(company), make_supplier(company), make_item("TEA"), make_item("JAM")
    receipt = receive(company, sam, [(tea, "10", "6.00"), (jam, "4", "10.00")])
    sell(company, bob, tea, "5")
    made = adjust_value(receipt=receipt, amount=Decimal("10.01"), reason="freight", by=SpreadBy.VALUE)
    found = {a.move.item.code: (a.amount, a.on_hand, a.gone) for a in made}
    assert found == {"TEA": (Decimal("6.01"), Decimal("3.01"), 3), "JAM": (4, 4, 0)}
    assert broken() == []


def test_a_difference_that_would_make_stock_worth_less_than_nothing_is_refused(inside):
    company = make_company()
    sam, tea = make_supplier(company), make_item()
    receipt = receive(company, sam, [(tea, "10", "1.00")])
    with pytest.raises(Refused) as refusal:
        adjust_value(receipt=receipt, amount=Decimal("-10.01"), reason="refund")
    assert refusal.value.problems[0].code == "INVALID"
    assert pool_of(company, tea) == (10, 10)


def test_a_foreign_receipt_is_valued_at_the_rate_of_its_date(inside):
    company = make_company(currency="CNY")
    sam, tea = make_supplier(company), make_item()
    with unit_of_work():
        apps.get_model("base", "ExchangeRate")(currency="USD", quote="CNY", date=date(2026, 1, 1), rate=Decimal("7.10")).save()
    receive(company, sam, [(tea, "3", "3.33")], currency="USD")
    assert pool_of(company, tea) == (3, Decimal("70.93"))


def test_yen_have_no_minor_unit(inside):
    company = make_company(currency="JPY")
    bob, tea = make_customer(company), make_item()
    put(company, tea, "7", "10")
    sell(company, bob, tea, "1", "1", "5")
    assert values_out(tea) == ["1.00", "2.00", "7.00"]


def test_a_gain_is_worth_what_stock_costs_and_needs_a_cost_where_there_is_none(inside):
    company = make_company()
    tea, jam = make_item("TEA"), make_item("JAM")
    put(company, tea, "4", "10.00")
    count_stock(location=place(company), item=tea, counted=Decimal(6))
    assert pool_of(company, tea) == (6, 15)
    with pytest.raises(Refused) as refusal:
        count_stock(location=place(company), item=jam, counted=Decimal(1))
    assert [(p.code, p.field) for p in refusal.value.problems] == [("REQUIRED", ("unit_cost",))]
    count_stock(location=place(company), item=jam, counted=Decimal(2), unit_cost=Decimal("1.25"))
    assert pool_of(company, jam) == (2, Decimal("2.50"))
    assert broken() == []
