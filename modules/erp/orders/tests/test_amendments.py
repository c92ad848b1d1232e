"""Orders in force change by revisions; what is done of them stays."""

from decimal import Decimal

import pytest
from tessera.api import Refused
from tessera.lineage.models import DocumentRevision, LineLink

from modules.erp.orders.models import SalesOrderLine
from modules.erp.orders.services import (
    SalesOrderLineInput,
    update_sales_order,
)
from modules.erp.orders.tests.factories import deliver, make_shop, problem_of, told

D = Decimal


def test_a_price_edit_of_an_approved_order_is_its_next_revision(orders, demands, acts):
    shop = make_shop(order_limit=D("180"))
    order = shop.confirmed()
    line = order.lines.get()
    demands.clear()
    cheaper = [SalesOrderLineInput(line=line, unit_price=D("17"))]
    dearer = [SalesOrderLineInput(line=line, unit_price=D("19"))]
    with acts("orders.sales_order_update"):
        changed = update_sales_order(order=order, lines=cheaper)
        assert (changed.revision, changed.gross_total, changed.number) == (2, D("170.00"), order.number)
        with pytest.raises(Refused) as refusal:
            update_sales_order(order=order, lines=dearer)
        assert problem_of(refusal) == ("LIMIT", ("state",))
    assert SalesOrderLine.objects.get().unit_price == 17
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 10)]})]
    assert list(DocumentRevision.objects.filter(document=order.pk).values_list("revision", flat=True).order_by("revision")) == [
        1,
        2,
    ]


def test_a_price_edit_of_a_half_delivered_order_holds_for_the_rest(orders, stock, finance, demands):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), discount=D("0.1")))
    line = order.lines.get()
    deliver(line, 4)
    demands.clear()
    changed = update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(12), unit_price=D(20))])
    old, rest = changed.sealed_lines()
    assert (old.pk, old.quantity, old.base_quantity, old.unit_price, old.net) == (line.pk, 4, 4, 18, D("64.80"))
    assert (rest.quantity, rest.base_quantity, rest.unit_price, rest.discount, rest.net) == (8, 8, 20, D("0.1"), D("144.00"))
    assert (changed.revision, changed.gross_total) == (2, D("208.80"))
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 4), (rest.pk, 8)]})]
    link = LineLink.objects.get(type="replaces")
    assert (link.source_line, link.target_line, link.base_quantity) == (line.pk, rest.pk, 8)


def test_below_what_is_delivered_a_line_is_not_reduced(orders, stock, demands):
    shop = make_shop()
    order = shop.confirmed()
    line = order.lines.get()
    deliver(line, 4)
    for lines, problem in (
        ([SalesOrderLineInput(line=line, quantity=D(3))], ("LIMIT", ("lines", "0", "quantity"))),
        ([SalesOrderLineInput(line=line, item=shop.coffee)], ("STATE", ("lines", "0", "item"))),
        ([SalesOrderLineInput(line=line, quantity=D(4), unit_price=D(1))], ("STATE", ("lines", "0", "unit_price"))),
        ([SalesOrderLineInput(item=shop.coffee)], ("LIMIT", ("lines",))),
        ([], ("REQUIRED", ("lines",))),
    ):
        with pytest.raises(Refused) as refusal:
            update_sales_order(order=order, lines=lines)
        assert problem_of(refusal) == problem
    demands.clear()
    assert update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(4))]).net_total == D("72.00")
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 4)]})]


def test_lines_come_and_go_while_nothing_is_done(orders, stock, demands):
    shop = make_shop()
    order = shop.confirmed()
    tea = order.lines.get()
    demands.clear()
    changed = update_sales_order(order=order, lines=[SalesOrderLineInput(item=shop.coffee, quantity=D(2))])
    coffee = changed.lines.get()
    assert told(demands) == [("sales_order_amended", {"removed": [(tea.pk, 10)], "demands": [(coffee.pk, 2)]})]


def test_a_line_of_another_order_is_not_taken(orders):
    shop = make_shop()
    mine, other = shop.order(), shop.order()
    with pytest.raises(Refused) as refusal:
        update_sales_order(order=mine, lines=[SalesOrderLineInput(line=other.lines.get())])
    assert problem_of(refusal) == ("NOT_FOUND", ("lines", "0", "line"))


def test_an_edit_that_changes_nothing_makes_no_revision(orders, demands):
    order = make_shop().confirmed()
    demands.clear()
    same = update_sales_order(order=order, lines=[SalesOrderLineInput(line=order.lines.get())], note="by phone")
    assert (same.revision, same.note, demands) == (1, "by phone", [])
