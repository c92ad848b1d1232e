"""How far orders are, as far as somebody knows."""

from decimal import Decimal

from modules.base.api import LineKind
from modules.erp.orders.selectors import backordered_quantities, percents_delivered, percents_invoiced
from modules.erp.orders.services import (
    SalesOrderLineInput,
    close_sales_order,
)
from modules.erp.orders.tests.factories import deliver, invoice, make_shop

D = Decimal


def test_percents_are_null_where_nobody_tracks(orders):
    order = make_shop().confirmed()
    assert (percents_delivered(ids=[order.pk]), percents_invoiced(ids=[order.pk])) == ({order.pk: None}, {order.pk: None})
    assert close_sales_order(order=order).state == "closed"


def test_percents_follow_the_links(orders, stock, finance):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    tea, freight = order.sealed_lines()
    stock[tea.pk] = D(2)
    deliver(tea, 3)
    assert percents_delivered(ids=[order.pk]) == {order.pk: D("30.00")}
    assert percents_invoiced(ids=[order.pk]) == {order.pk: 0}
    assert backordered_quantities(ids=[tea.pk, freight.pk]) == {tea.pk: 5, freight.pk: None}
    invoice(tea, 3)
    invoice(freight, 1)
    assert percents_invoiced(ids=[order.pk]) == {order.pk: D("37.00")}


def test_an_almost_complete_order_is_not_a_hundred_percent(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(100000)))
    deliver(order.lines.get(), 99999)
    assert percents_delivered(ids=[order.pk]) == {order.pk: D("99.99")}


def test_a_line_within_its_tolerance_counts_as_delivered(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), under_tolerance=D("0.1")))
    deliver(order.lines.get(), 9)
    assert percents_delivered(ids=[order.pk]) == {order.pk: 100}
