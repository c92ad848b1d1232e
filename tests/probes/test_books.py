"""What a business does with its books sooner or later, and what must then be true.

Every part is on, and every probe ends with the trial balance at zero and each control account equal
to its subledger. What finance can show by itself is with its own tests: a dollar invoice settled in
two parts at another rate, an invoice credited in thirds (test_settlement), red-letter reversal
of an entry (test_entries).
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
import time_machine
from tessera.testing.events import drain, tell_again
from tessera.testing.plugin import entered

from modules.base.services import merge_party
from modules.base.tests.factories import make_company, make_customer, make_supplier, make_tax
from modules.erp.finance.models import Allocation, Book, Entry, EntryLine, Invoice, OpenItem
from modules.erp.finance.selectors import ageing, receivables_of, received_not_billed, reconciliation, shipped_not_invoiced
from modules.erp.finance.services import (
    CreditLineInput,
    InvoiceLineInput,
    allocate_items,
    book_moves,
    create_invoice,
    create_invoice_for,
    credit_invoice,
    cut_over,
    post_invoice,
    reverse_invoice,
)
from modules.erp.finance.tests.factories import items_of, ledger, make_invoice, pay, refused, turnovers
from modules.erp.orders.services import SalesOrderLineInput
from modules.erp.orders.tests.factories import Shop, make_shop
from modules.scm.stock.models import StockMove
from modules.scm.stock.services import (
    DeliveryLineInput,
    ReceiptLineInput,
    ReturnLineInput,
    adjust_value,
    complete_receipt,
    create_receipt,
    ready_receipt,
    return_from_customer,
)
from modules.scm.stock.tests.factories import broken, pool_of, put, receive, ship

D = Decimal
LATE = date(2099, 12, 31)


@pytest.fixture(autouse=True)
def day(_database):
    """Let every probe happen on 15 March 2026."""
    with time_machine.travel(datetime(2026, 3, 15, 9, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def shop(inside):
    """A shop with books, a customer, two items, and a supplier."""
    made = make_shop(country="US")
    made.sam = make_supplier(made.company)
    made.book = Book.objects.get(company=made.company)
    return made


def bill(shop: Shop, receipt, price: str, quantity: str | None = None, **values) -> Invoice:
    """Return the supplier's posted bill of a receipt of one line."""
    line = receipt.lines.get()
    given = InvoiceLineInput(
        item=line.item,
        quantity=line.base_quantity if quantity is None else D(quantity),
        unit_price=D(price),
        taxes=[],
        receipt=receipt.pk,
        receipt_line=line.pk,
    )
    return make_invoice(shop.company, shop.sam, given, direction="purchase", on=receipt.document_date, **values)


def sell(shop: Shop, *lines: tuple, delivered: bool = True):
    """Return an order of (item, quantity) lines in force, shipped where asked."""
    order = shop.confirmed(*(SalesOrderLineInput(item=item, quantity=D(quantity)) for item, quantity in lines))
    if delivered:
        ship(order.pk)
    return order


def invoice(order) -> Invoice:
    return post_invoice(invoice=create_invoice_for(document=order.pk))


def assert_whole(shop) -> dict[str, Decimal]:
    """Check all that must hold of a company's books and stock; return its balances by account."""
    assert [row for row in reconciliation(company=shop.company) if row.difference] == []
    assert broken(shop.company) == []
    return ledger(shop.book)  # refuses a trial balance that is not zero


def waiting(rows) -> list[tuple[Decimal, Decimal]]:
    return [(row.quantity, row.value) for row in rows]


def test_a_dearer_bill_after_the_sale_falls_on_what_is_here_and_what_was_sold(shop):
    receipt = receive(shop.company, shop.sam, [(shop.tea, "10", "5.00")])
    first = sell(shop, (shop.tea, "4"))
    invoice(first)
    bill(shop, receipt, "6.00")
    assert pool_of(shop.company, shop.tea) == (6, 36)
    found = assert_whole(shop)
    assert (found["1200"], found["5000"], found["2000"]) == (36, 24, -60)
    assert "2010" not in found
    invoice(sell(shop, (shop.tea, "6")))
    found = assert_whole(shop)
    assert found["5000"] == 60
    assert not {"1200", "1210", "2010"} & found.keys()


def test_a_bill_before_the_goods_waits_for_them_and_gives_them_its_price(shop):
    draft = create_receipt(
        company=shop.company,
        party=shop.sam,
        lines=[ReceiptLineInput(item=shop.tea, quantity=D(10), unit_cost=D(5))],
    )
    receipt = ready_receipt(receipt=draft)
    with refused("LIMIT", "lines.0.quantity"):
        bill(shop, receipt, "6.00", "11")
    bill(shop, receipt, "6.00")
    assert assert_whole(shop) == {"2010": D(60), "2000": D(-60)}
    assert waiting(received_not_billed(company=shop.company, on=LATE)) == [(-10, -60)]
    with refused("LIMIT", "lines.0.quantity"):
        bill(shop, receipt, "6.00", "1")
    complete_receipt(receipt=receipt)
    assert pool_of(shop.company, shop.tea) == (10, 60)
    cut_over()  # nothing moved unseen
    assert assert_whole(shop) == {"1200": D(60), "2000": D(-60)}
    assert received_not_billed(company=shop.company, on=LATE) == []


def test_a_part_billed_before_the_goods_and_the_rest_after(shop):
    draft = create_receipt(
        company=shop.company, party=shop.sam, lines=[ReceiptLineInput(item=shop.tea, quantity=D(3), unit_cost=D("33.33"))]
    )
    receipt = ready_receipt(receipt=draft)
    bill(shop, receipt, "30.00", "1")
    complete_receipt(receipt=receipt)
    assert pool_of(shop.company, shop.tea) == (3, D("96.66"))  # one at 30.00, two at 33.33
    bill(shop, receipt, "33.33", "2")
    assert assert_whole(shop) == {"1200": D("96.66"), "2000": D("-96.66")}


def test_goods_that_belong_to_somebody_else_wait_for_no_bill(shop):
    line = ReceiptLineInput(item=shop.tea, quantity=D(10), unit_cost=D(5), owner=shop.sam)
    complete_receipt(receipt=ready_receipt(receipt=create_receipt(company=shop.company, party=shop.sam, lines=[line])))
    assert assert_whole(shop) == {}
    assert received_not_billed(company=shop.company, on=LATE) == []


def test_freight_after_the_sale_is_cost_of_what_left_and_value_of_what_stayed(shop):
    receipt = receive(shop.company, shop.sam, [(shop.tea, "10", "5.00")])
    bill(shop, receipt, "5.00")
    invoice(sell(shop, (shop.tea, "4")))
    adjust_value(receipt=receipt, amount=D("10.00"), reason="freight")
    found = assert_whole(shop)
    assert (found["1200"], found["5000"], found["2300"]) == (36, 24, -10)
    clearing = shop.book.accounts.get(code="2300")
    line = InvoiceLineInput(kind="charge", description="Freight", unit_price=D("10.00"), taxes=[], account=clearing)
    make_invoice(shop.company, make_supplier(shop.company, "Carrier"), line, direction="purchase")
    assert "2300" not in assert_whole(shop)
    invoice(sell(shop, (shop.tea, "6")))
    assert assert_whole(shop)["5000"] == 60


def test_a_hundred_invoiced_in_thirds_and_credited_whole_leaves_nothing(shop):
    put(shop.company, shop.tea, "3", "10.00")
    tax = make_tax(rate="0.0725")
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(3), unit_price=D("33.3333"), taxes=[tax]))
    assert (order.net_total, order.tax_total) == (100, D("7.25"))
    made, deliveries = [], []
    for _ in range(3):
        deliveries.append(ship(order.pk, [_line(order, "1")]))
        made.append(invoice(order))
    assert [(each.net_total, each.tax_total) for each in made] == [
        (D("33.33"), D("2.42")),
        (D("33.34"), D("2.41")),
        (D("33.33"), D("2.42")),
    ]
    assert assert_whole(shop)["5000"] == 10
    for each, delivery in zip(made, deliveries, strict=True):
        return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=D(1))])
        post_invoice(invoice=credit_invoice(invoice=each))
    assert assert_whole(shop) == {"1200": D(10), "3100": D(-10)}
    for code in ("1100", "4000", "2100"):
        assert turnovers(shop.book, code) == (0, 0)
    assert {item.residual for item in OpenItem.objects.all()} == {0}


def test_a_reversed_invoice_leaves_turnovers_net_and_the_goods_waiting(shop):
    put(shop.company, shop.tea, "10", "50.00")
    order = sell(shop, (shop.tea, "4"))
    wrong = invoice(order)
    reverse_invoice(invoice=wrong, reason="wrong price")
    for code in ("1100", "4000", "5000"):
        assert turnovers(shop.book, code) == (0, 0)
    assert assert_whole(shop) == {"1200": D(30), "1210": D(20), "3100": D(-50)}
    invoice(order)
    assert "1210" not in assert_whole(shop)


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
        ship(part.pk, [_line(part, "4")])
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
        ship(part.pk, [_line(part, "6")])
        for _ in range(17):
            receive(shop.company, shop.sam, [(shop.tea, "1", "8.00")])
        left = sell(shop, (shop.tea, "3"), delivered=False)
        ship(left.pk, [_line(left, "2")])
        delivery = ship(left.pk, [_line(left, "1")])
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


def _line(order, quantity):
    return DeliveryLineInput(line=order.lines.get().pk, quantity=D(quantity))


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


def test_open_items_ageing_and_credit_follow_a_party_that_is_merged(shop):
    other = make_customer(shop.company, "Alfreds Inc.")
    open_, paid = (make_invoice(shop.company, other, ("1", price)) for price in ("100.00", "30.00"))
    pay(shop.company, other, "30.00", *items_of(paid))
    advance = pay(shop.company, other, "15.00")
    draft = create_invoice(
        company=shop.company,
        direction="sale",
        party=other,
        lines=[InvoiceLineInput(kind="service", description="Late", unit_price=D("7.00"), taxes=[])],
    )
    make_invoice(shop.company, shop.customer, ("1", "50.00"))
    before = ledger(shop.book)
    merge_party(party=other, into=shop.customer)
    assert ledger(shop.book) == before
    assert receivables_of(party=shop.customer.pk, company=shop.company.pk) == 135
    [row] = ageing(company=shop.company, on=LATE).rows
    assert (row.party, row.total) == (shop.customer, 135)
    assert set(OpenItem.objects.values_list("party", flat=True)) == {shop.customer.pk}
    assert set(EntryLine.objects.filter(entry__source_id=open_.pk, party=other).values_list("purpose", flat=True)) >= {
        "receivable"
    }
    post_invoice(invoice=draft)
    assert receivables_of(party=shop.customer.pk, company=shop.company.pk) == 142
    pay(shop.company, shop.customer, "85.00", *items_of(open_))
    [item] = items_of(open_)
    assert item.residual == 15
    allocate_items(debit_item=item, credit_item=items_of(advance)[0], date=date(2026, 3, 31))
    assert [item.residual for item in items_of(open_)] == [0]
    assert_whole(shop)


def test_a_second_company_with_the_same_item_and_numbers_keeps_its_own(shop):
    other = make_company("SUB", currency="CNY", country="CN")
    second = SimpleNamespace(company=other, book=Book.objects.get(company=other), sam=make_supplier(other))
    buyer = make_customer(other, "Zhang")
    put(shop.company, shop.tea, "10", "50.00")
    put(other, shop.tea, "10", "90.00")
    receive(other, second.sam, [(shop.tea, "5", "9.00")])
    mine, theirs = make_invoice(shop.company, shop.customer, ("1", "10.00")), make_invoice(other, buyer, ("1", "20.00"))
    assert mine.number == theirs.number == "INV-2026-00001"
    item = InvoiceLineInput(item=shop.tea, quantity=D(1), unit_price=D("18.00"), taxes=[])
    make_invoice(other, buyer, item)
    assert (pool_of(shop.company, shop.tea), pool_of(other, shop.tea)) == ((10, 50), (15, 135))
    assert assert_whole(shop) == {"1200": D(50), "3100": D(-50), "1100": D(10), "4100": D(-10)}
    found = assert_whole(second)
    assert (found["1405"], found["1122"], found["220202"]) == (135, 38, -45)
    with refused("INVALID", "allocations.0.item"):
        pay(other, buyer, "10.00", *items_of(mine), currency="CNY")


def test_every_fact_told_twice_posts_nothing_twice(shop):
    receipt = receive(shop.company, shop.sam, [(shop.tea, "10", "5.00")])
    bill(shop, receipt, "5.50")
    order = sell(shop, (shop.tea, "6"), delivered=False)
    pay(shop.company, shop.customer, "20.00", order=order.pk)
    delivery = ship(order.pk)
    sold = invoice(order)
    pay(shop.company, shop.customer, "88.00", *items_of(sold))
    return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=D(1))])
    post_invoice(invoice=credit_invoice(invoice=sold, lines=[CreditLineInput(line=sold.lines.get(), quantity=D(1))]))
    drain()
    before, balances = _counts(), assert_whole(shop)
    assert tell_again() > 0
    moves = list(StockMove.objects.filter(document=delivery.pk))
    again = book_moves(
        company=shop.company.pk,
        document_kind=moves[0].document_kind,
        document=delivery.pk,
        posting_date=delivery.posting_date,
        number="",
        moves=[],
    )
    assert again is None
    assert (_counts(), assert_whole(shop)) == (before, balances)


def _counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (Entry, EntryLine, Invoice, OpenItem, Allocation, StockMove)}
