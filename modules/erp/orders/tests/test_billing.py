"""What may be invoiced of an order, in parts that sum to the whole."""

from decimal import Decimal

from tessera.testing.plugin import entered

from modules.base.api import BillableTax, LineKind, billable, open_demands, unbilled_orders
from modules.base.tests.factories import make_tax
from modules.erp.orders.services import SalesOrderLineInput
from modules.erp.orders.tests.factories import deliver, invoice, make_shop

D = Decimal


def due(order) -> list:
    """Return what the port says may be invoiced: (kind, base quantity, net)."""
    return [(line.line_kind, line.base_quantity, line.net) for line in billable(document=order.pk).lines]


def test_nothing_is_billable_of_a_draft(orders, stock):
    assert due(make_shop().order()) == []


def test_what_left_is_billed_and_freight_goes_with_the_first(orders, stock, finance):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(3), unit_price=D("33.335")),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    tea, freight = order.sealed_lines()
    assert (tea.net, due(order)) == (D("100.01"), [])
    parts = []
    for number in range(3):
        deliver(tea, 1)
        found = due(order)
        assert [kind for kind, *_ in found] == (["item", "charge"] if number == 0 else ["item"])
        parts.append(found[0][2])
        invoice(tea, 1)
        if number == 0:
            invoice(freight, 1)
    assert parts == [D("33.34"), D("33.33"), D("33.34")]
    assert due(order) == []


def test_an_overdelivery_is_billed_as_it_left(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), over_tolerance=D("0.1")))
    deliver(order.lines.get(), 11)
    assert due(order) == [("item", 11, D("198.00"))]


def test_what_is_invoiced_as_ordered_does_not_wait(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), invoicing="ordered"))
    assert due(order) == [("item", 10, D("180.00"))]


def test_where_nobody_keeps_stock_what_was_ordered_is_billed(orders):
    shop = make_shop()
    order = shop.confirmed()
    assert due(order) == [("item", 10, D("180.00"))]


def test_the_header_and_taxes_come_along(orders):
    shop = make_shop()
    vat = make_tax()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(2), taxes=[vat]))
    found = billable(document=order.pk)
    assert (found.kind, found.number, found.party, found.currency) == ("orders.SalesOrder", order.number, shop.customer.pk, "USD")
    assert found.lines[0].taxes == (BillableTax(tax=vat.pk, rate=D("0.13"), base=D("36.00"), amount=D("4.68")),)
    assert unbilled_orders(party=shop.customer.pk, company=shop.company.pk) == D("40.68")


def test_late_stock_is_told_what_is_open(orders, stock):
    shop = make_shop()
    order = shop.confirmed()
    deliver(order.lines.get(), 4)
    assert [(each.line, each.base_quantity, each.number) for each in open_demands(company=shop.company.pk)] == [
        (order.lines.get().pk, 6, order.number)
    ]


def test_with_orders_off_the_answers_are_neutral(orders, tenant):
    shop = make_shop()
    order = shop.confirmed()
    with entered(tenant, actor=orders.actor, modules=frozenset({"base"})):
        assert billable(document=order.pk) is None
        assert unbilled_orders(party=shop.customer.pk, company=shop.company.pk) == 0
        assert open_demands(company=shop.company.pk) == []
