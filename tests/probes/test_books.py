"""What a business does with its books sooner or later, and what must then be true.

Every part is on, and every probe ends with the trial balance at zero and each control account equal
to its subledger. What finance can show by itself is with its own tests: a dollar invoice settled in
two parts at another rate, an invoice credited in thirds (test_settlement), red-letter reversal
of an entry (test_entries).
"""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from tessera.testing.events import drain, tell_again

from modules.base.services import merge_party
from modules.base.tests.factories import make_company, make_customer, make_supplier, make_tax
from modules.erp.finance.models import Allocation, Book, Entry, EntryLine, Invoice, OpenItem
from modules.erp.finance.selectors import ageing, receivables_of
from modules.erp.finance.services import (
    CreditLineInput,
    InvoiceLineInput,
    allocate_items,
    book_moves,
    create_invoice,
    credit_invoice,
    post_invoice,
    reverse_invoice,
)
from modules.erp.finance.tests.factories import items_of, ledger, make_invoice, pay, refused, turnovers
from modules.erp.orders.services import SalesOrderLineInput
from modules.scm.stock.models import StockMove
from modules.scm.stock.services import (
    ReceiptLineInput,
    ReturnLineInput,
    complete_receipt,
    create_receipt,
    ready_receipt,
    return_from_customer,
)
from modules.scm.stock.tests.factories import pool_of, put, receive, ship
from tests.probes.books import LATE, assert_whole, bill, invoice, line_of, sell

D = Decimal


def test_a_hundred_invoiced_in_thirds_and_credited_whole_leaves_nothing(shop):
    put(shop.company, shop.tea, "3", "10.00")
    tax = make_tax(rate="0.0725")
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(3), unit_price=D("33.3333"), taxes=[tax]))
    assert (order.net_total, order.tax_total) == (100, D("7.25"))
    made, deliveries = [], []
    for _ in range(3):
        deliveries.append(ship(order.pk, [line_of(order, "1")]))
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


def test_goods_of_a_merged_party_are_of_the_one_it_became(shop):
    """What was begun before keeps whom it was begun with; what comes new, and what is posted, is of the one that stands."""
    old_sam, sam = make_supplier(shop.company, "Sam & Co."), shop.sam
    put(shop.company, shop.tea, "10", "50.00")
    before = create_receipt(
        company=shop.company, party=old_sam, lines=[ReceiptLineInput(item=shop.tea, quantity=D(1), unit_cost=D(5))]
    )
    order = sell(shop, (shop.tea, "4"), delivered=False)
    ship(order.pk, [line_of(order, "2")])
    into = make_customer(shop.company, "Alfreds Inc.")
    merge_party(party=old_sam, into=sam)
    merge_party(party=shop.customer, into=into)
    old_sam.refresh_from_db()
    complete_receipt(receipt=ready_receipt(receipt=before))
    line = ReceiptLineInput(item=shop.tea, quantity=D(1), unit_cost=D(5), owner=old_sam)
    after = create_receipt(company=shop.company, party=old_sam, lines=[line])
    delivery = ship(order.pk, [line_of(order, "2")])
    back = return_from_customer(delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=D(1))])
    assert [each.party for each in (before, after, delivery, back)] == [old_sam, sam, into, into]
    assert after.lines.get().owner == sam
    told = EntryLine.objects.filter(entry__source_id__in=[before.pk, delivery.pk, back.pk], party__isnull=False)
    assert set(told.values_list("entry__source_id", "party")) == {
        (before.pk, sam.pk), (delivery.pk, into.pk), (back.pk, into.pk),
    }  # fmt: skip
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
