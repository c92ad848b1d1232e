"""Finance on late, off and on again, while stock and orders go on: the ledger catches up and is whole."""

from decimal import Decimal

import pytest
from tessera.testing.events import drain
from tessera.testing.plugin import entered

from modules.base.tests.factories import make_supplier
from modules.erp.finance.models import Book, Entry
from modules.erp.finance.selectors import received_not_billed, shipped_not_invoiced
from modules.erp.finance.services import cut_over
from modules.erp.orders.tests.factories import make_shop
from modules.scm.stock.models import StockMove
from modules.scm.stock.services import ReturnLineInput, return_from_customer
from modules.scm.stock.tests.factories import put, receive, ship
from tests.probes.books import LATE, assert_whole, bill, invoice, line_of, sell, waiting

D = Decimal
pytestmark = pytest.mark.usefixtures("day")


class Switch:
    """A company whose stock and orders go on while finance is off and on."""

    def __init__(self, tenant, actor):
        self.tenant, self.actor = tenant, actor

    def off(self):
        """Enter the tenant with every part but finance."""
        return entered(self.tenant, actor=self.actor, modules=frozenset({"base", "orders", "stock"}))

    def on(self, shop) -> dict[str, Decimal]:
        """Switch finance on, twice: the second time there is nothing to catch up with."""
        cut_over()
        shop.book = Book.objects.get(company=shop.company)
        entries = Entry.objects.count()
        cut_over()
        assert Entry.objects.count() == entries
        return assert_whole(shop)


def test_finance_on_after_a_hundred_moves_off_and_on_again(tenant, inside):
    switch = Switch(tenant, inside.actor)
    with switch.off():
        shop = make_shop(country="US")
        shop.sam = make_supplier(shop.company)
        receipts = [receive(shop.company, shop.sam, [(shop.tea, "2", "5.00")]) for _ in range(49)]
        done = [sell(shop, (shop.tea, "1")) for _ in range(49)]
        part = sell(shop, (shop.tea, "10"), delivered=False)
        ship(part.pk, [line_of(part, "4")])
        receive(shop.company, shop.sam, [(shop.coffee, "1", "7.00")])
        drain()
        assert StockMove.objects.count() == 100
        assert {order.state for order in _fresh(done)} == {"closed"}  # nobody tracked what was invoiced
    found = switch.on(shop)
    # 98 came and 53 left at 5.00, and a coffee at 7.00; only the order in force may still be invoiced
    assert found == {"1200": D(232), "1210": D(20), "2010": D(-497), "3100": D(245)}
    assert {entry.kind for entry in Entry.objects.all()} == {"opening"}
    assert waiting(shipped_not_invoiced(company=shop.company, on=LATE)) == [(4, 20)]
    assert len(received_not_billed(company=shop.company, on=LATE)) == 50
    bill(shop, receipts[0], "6.00")
    invoice(part)
    found = assert_whole(shop)
    assert (found["2010"], found.get("1210", 0)) == (-487, 0)
    assert found["4000"] == -72
    with switch.off():
        ship(part.pk, [line_of(part, "6")])
        for _ in range(17):
            receive(shop.company, shop.sam, [(shop.tea, "1", "8.00")])
        left = sell(shop, (shop.tea, "3"), delivered=False)
        ship(left.pk, [line_of(left, "2")])
        delivery = ship(left.pk, [line_of(left, "1")])
        return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=D(1))])
        assert StockMove.objects.count() == 121
    before = Entry.objects.count()
    switch.on(shop)
    late = Entry.objects.order_by("seq")[before:]
    assert [(entry.kind, entry.purpose) for entry in late] == [
        ("adjusting", "cut-over stock 2"),
        ("adjusting", "cut-over received_not_billed 2"),
        ("adjusting", "cut-over shipped_not_invoiced 2"),
    ]
    moved = {(row.quantity, row.item.code) for row in received_not_billed(company=shop.company, on=LATE)}
    assert moved == {(1, "TEA"), (2, "TEA"), (1, "COFFEE")}
    assert [row.quantity for row in shipped_not_invoiced(company=shop.company, on=LATE)] == [6, 2]
    for order in (part, left):
        invoice(order)
    assert "1210" not in assert_whole(shop)


def _fresh(orders):
    return type(orders[0]).objects.filter(pk__in=[order.pk for order in orders])


def test_goods_of_before_the_books_that_come_back_give_their_cost_back(tenant, inside):
    switch = Switch(tenant, inside.actor)
    with switch.off():
        shop = make_shop(country="US")
        put(shop.company, shop.tea, "10", "50.00")
        order = sell(shop, (shop.tea, "4"), delivered=False)
        delivery = ship(order.pk)
        drain()
    assert switch.on(shop) == {"1200": D(30), "3100": D(-30)}
    return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=D(1))])
    assert assert_whole(shop) == {"1200": D(35), "3100": D(-30), "5000": D(-5)}
