"""How orders end: complete, by hand, cut short, called off."""

from decimal import Decimal

import pytest
from tessera.api import Refused, content_hash
from tessera.numbering.models import VoidedNumber
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

from modules.base.api import LineKind
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.selectors import percents_delivered, short_close_preview
from modules.erp.orders.services import (
    SalesOrderLineInput,
    cancel_sales_order,
    close_sales_order,
    settle_sales_order,
    short_close_sales_order,
)
from modules.erp.orders.tests.factories import deliver, invoice, make_shop, problem_of, told

D = Decimal


def test_delivered_is_told_once_and_closed_when_invoiced_too(orders, stock, finance):
    order = make_shop().confirmed()
    line = order.lines.get()
    deliver(line, 4)
    assert settle_sales_order(order=order).delivered_at is None
    deliver(line, 6)
    for _ in range(2):
        assert settle_sales_order(order=order).state == "confirmed"
    assert OutboxEvent.objects.filter(name="orders.sales_order_delivered").count() == 1
    invoice(line, 10)
    for _ in range(2):
        assert settle_sales_order(order=order).state == "closed"
    assert OutboxEvent.objects.filter(name="orders.sales_order_closed").count() == 1


def test_without_finance_an_order_closes_when_it_is_delivered(orders, stock):
    order = make_shop().confirmed()
    deliver(order.lines.get(), 10)
    assert settle_sales_order(order=order).state == "closed"


def test_only_what_is_complete_is_closed_by_hand(orders, stock):
    order = make_shop().confirmed()
    with pytest.raises(Refused) as refusal:
        close_sales_order(order=order)
    assert problem_of(refusal) == ("STATE", ("state",))


def test_a_short_close_shows_its_list_and_cancels_the_rest(orders, stock, finance, demands):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(item=shop.coffee, quantity=D(3)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    tea, coffee, _freight = order.sealed_lines()
    stock[tea.pk], stock[coffee.pk] = D(6), D(1)
    deliver(tea, 4)
    invoice(tea, 1)
    preview = short_close_preview(order=order)
    assert [(line.cancelled, line.released, line.cancelled_net, line.to_invoice) for line in preview.lines] == [
        (6, 6, D("108.00"), D("54.00")),
        (3, 1, D("138.00"), 0),
        (0, 0, 0, D("20.00")),
    ]
    assert (preview.cancelled_net, preview.to_invoice, preview.to_credit, preview.advance) == (D("246.00"), D("74.00"), 0, 0)
    demands.clear()
    short = short_close_sales_order(order=order, reason="no more tea")
    assert (short.state, short.reason) == ("confirmed", "no more tea")
    assert told(demands) == [("sales_order_short_closed", {"demands": [(tea.pk, 6), (coffee.pk, 3)]})]
    assert percents_delivered(ids=[order.pk]) == {order.pk: 100}
    with pytest.raises(Refused) as refusal:
        short_close_sales_order(order=order)
    assert problem_of(refusal) == ("STATE", ("state",))
    assert content_hash(short) == short.content_hash
    invoice(tea, 3)
    invoice(_freight, 1)
    assert settle_sales_order(order=order).state == "closed"


def test_a_short_close_before_any_delivery_ends_the_order(orders, stock, finance):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    assert short_close_sales_order(order=order).state == "closed"
    assert not OutboxEvent.objects.filter(name="orders.sales_order_delivered").exists()


def test_the_advance_is_shown_before_a_short_close(orders, stock, finance):
    from tessera.api import link_documents

    from modules.erp.orders.tests.factories import Made

    order = make_shop().confirmed()
    with unit_of_work():
        link_documents(
            source_kind="orders.SalesOrder", source=order.pk, target=Made("finance.Payment"), type="advances", amount=D(50)
        )
    assert short_close_preview(order=order).advance == D("50")


def test_a_short_close_needs_somebody_who_knows_what_was_done(orders):
    order = make_shop().confirmed()
    for call in (short_close_preview, short_close_sales_order):
        with pytest.raises(Refused) as refusal:
            call(order=order)
        assert problem_of(refusal) == ("STATE", ("state",))


def test_an_order_is_cancelled_only_while_nothing_is_done(orders, stock, demands):
    shop = make_shop()
    assert cancel_sales_order(order=shop.order()).state == "cancelled"
    assert demands == []
    order = shop.confirmed()
    line = order.lines.get()
    demands.clear()
    assert cancel_sales_order(order=order, reason="mistake").state == "cancelled"
    assert told(demands) == [("sales_order_cancelled", {"demands": [(line.pk, 10)]})]
    [void] = VoidedNumber.objects.all()
    assert (void.number, void.reason, void.record) == (order.number, "mistake", order.pk)
    other = shop.confirmed()
    deliver(other.lines.get(), 1)
    with pytest.raises(Refused) as refusal:
        cancel_sales_order(order=other)
    assert problem_of(refusal) == ("STATE", ("state",))
    assert SalesOrder.objects.get(pk=other.pk).state == "confirmed"
