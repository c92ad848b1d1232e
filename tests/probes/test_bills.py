"""Bills that come earlier, later or dearer than the goods, and freight after the sale."""

from decimal import Decimal

from modules.base.tests.factories import make_supplier
from modules.erp.finance.selectors import received_not_billed
from modules.erp.finance.services import InvoiceLineInput, cut_over
from modules.erp.finance.tests.factories import make_invoice, refused
from modules.scm.stock.services import ReceiptLineInput, adjust_value, complete_receipt, create_receipt, ready_receipt
from modules.scm.stock.tests.factories import pool_of, receive
from tests.probes.books import LATE, assert_whole, bill, invoice, sell, waiting

D = Decimal


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
