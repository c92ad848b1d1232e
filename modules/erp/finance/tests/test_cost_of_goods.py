"""The cost of goods: what is shipped waits for its invoice, and goes with it, comes back with it."""

import pytest
from tessera.api import new_id
from tessera.unit_of_work import unit_of_work

from modules.base.api import billable
from modules.erp.finance.models import EntryLine
from modules.erp.finance.services import (
    CreditLineInput,
    create_invoice_for,
    credit_invoice,
    delete_invoice,
    post_invoice,
    reverse_invoice,
)
from modules.erp.finance.tests.factories import D, ledger, refused
from modules.erp.finance.tests.goods import Shop

pytestmark = pytest.mark.usefixtures("inside", "expected")


def test_an_invoice_takes_the_cost_of_what_was_shipped_and_the_last_takes_the_rest(monkeypatch):
    shop = Shop()
    shop.ship("3", "100.00")
    for expected in ("33.33", "66.67", "100.00"):
        shop.invoice(monkeypatch, "1")
        assert ledger(shop.book)["5000"] == D(expected)
    assert shop.waiting() == []
    assert "1210" not in ledger(shop.book)


def test_each_invoice_takes_the_cost_of_its_own_shipment(monkeypatch):
    shop = Shop()
    shop.ship("5", "50.00")
    shop.invoice(monkeypatch, "5")
    shop.ship("5", "60.00")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(50), [(D(5), D(60))])
    shop.invoice(monkeypatch, "2")
    assert ledger(shop.book)["5000"] == D(74)
    shop.invoice(monkeypatch, "3")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(110), [])


def test_goods_invoiced_before_they_leave_get_their_cost_when_they_leave(monkeypatch):
    shop = Shop()
    shop.invoice(monkeypatch, "5")
    assert "5000" not in ledger(shop.book)
    entry = shop.ship("5", "50.00")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(50), [])
    assert EntryLine.objects.filter(entry=entry).count() == 4


def test_goods_that_come_back_take_their_own_cost_back_and_the_credit_note_no_more(monkeypatch):
    shop = Shop()
    shop.ship("7", "10.00")
    invoice = shop.invoice(monkeypatch, "7")
    shop.take_back("2", "2.86")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D("7.14"), [])
    note = credit_invoice(invoice=invoice, lines=[CreditLineInput(line=invoice.lines.get(), quantity=D(2))])
    post_invoice(invoice=note)
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D("7.14"), [])
    assert ledger(shop.book)["1100"] == D(50)


def test_a_credit_without_goods_leaves_the_cost(monkeypatch):
    shop = Shop()
    shop.ship("7", "10.00")
    invoice = shop.invoice(monkeypatch, "7")
    post_invoice(invoice=credit_invoice(invoice=invoice, lines=[CreditLineInput(line=invoice.lines.get(), quantity=D(2))]))
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D("10"), [])


def test_goods_sent_again_after_a_credited_return_wait_for_a_new_invoice(monkeypatch):
    shop = Shop()
    shop.ship("5", "50.00")
    invoice = shop.invoice(monkeypatch, "5")
    shop.take_back("2", "20.00")
    post_invoice(invoice=credit_invoice(invoice=invoice, lines=[CreditLineInput(line=invoice.lines.get(), quantity=D(2))]))
    shop.ship("2", "22.00")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(30), [(D(2), D(22))])


def test_a_reversed_invoice_gives_the_cost_back_to_what_waits(monkeypatch):
    shop = Shop()
    shop.ship("5", "50.00")
    invoice = shop.invoice(monkeypatch, "5")
    reverse_invoice(invoice=invoice, reason="wrong price")
    assert ledger(shop.book) == {"1200": D(-50), "1210": D(50)}
    shop.invoice(monkeypatch, "5", price="11")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(50), [])


def test_with_cost_at_delivery_nothing_waits(monkeypatch):
    shop = Shop()
    with unit_of_work():
        shop.company.cogs_at = "delivery"
        shop.company.save()
    shop.ship("5", "50.00")
    assert ledger(shop.book) == {"1200": D(-50), "5000": D(50)}
    shop.invoice(monkeypatch, "5")
    assert ledger(shop.book) == {"1200": D(-50), "5000": D(50), "1100": D(50), "4000": D(-50)}


def test_an_order_has_one_draft_invoice_at_a_time(monkeypatch):
    shop = Shop()
    shop.offer(monkeypatch, "5")
    draft = create_invoice_for(document=shop.order)
    assert (draft.gross_total, draft.number) == (D(50), None)
    with refused("STATE", "document"):
        create_invoice_for(document=shop.order)
    delete_invoice(invoice=draft)
    shop.offer(monkeypatch, "0")
    with refused("LIMIT", "document"):
        create_invoice_for(document=shop.order)
    monkeypatch.setattr(billable, "answered_by", lambda **_: None)
    with refused("NOT_FOUND", "document"):
        create_invoice_for(document=new_id())
