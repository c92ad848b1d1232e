"""Bills of goods: what was received waits for them, and a difference falls on what is here and what is gone."""

from datetime import date

import pytest
from tessera.api import new_id

from modules.base.api import ValueSplit, apply_cost_difference
from modules.erp.finance.selectors import received_not_billed
from modules.erp.finance.services import CreditLineInput, clear_waiting_goods, credit_invoice, post_invoice
from modules.erp.finance.tests.factories import D, account, ledger, refused, turnovers
from modules.erp.finance.tests.goods import DAY, Shop, bill

pytestmark = pytest.mark.usefixtures("inside", "expected")


def test_a_bill_clears_what_was_received():
    shop = Shop()
    line = new_id()
    shop.move("supplier", "storage", "10", "50.00", receipt_line=line)
    [row] = received_not_billed(company=shop.company, on=date(2026, 3, 22))
    assert (row.quantity, row.value, row.days, row.party) == (D(10), D(50), 10, shop.supplier)
    bill(shop, line, "4", "5")
    bill(shop, line, "6", "5")
    assert received_not_billed(company=shop.company, on=date(2026, 3, 22)) == []
    assert ledger(shop.book) == {"1200": D(50), "2000": D(-50)}
    with refused("LIMIT", "lines.0.quantity"):
        bill(shop, line, "1", "5")


def test_a_dearer_bill_splits_on_goods_here_and_gone(monkeypatch):
    shop = Shop()
    line, asked = new_id(), []
    shop.move("supplier", "storage", "10", "50.00", receipt_line=line)
    monkeypatch.setattr(
        apply_cost_difference, "answered_by", lambda **given: asked.append(given) or ValueSplit(on_hand=D("6.00"), gone=D("4.00"))
    )
    bill(shop, line, "10", "6")
    assert [(each["receipt_line"], each["amount"]) for each in asked] == [(line, D("10.00"))]
    assert ledger(shop.book) == {"1200": D(56), "5000": D(4), "2000": D(-60)}


def test_without_stock_the_difference_is_a_variance(monkeypatch):
    shop = Shop()
    line = new_id()
    shop.move("supplier", "storage", "10", "50.00", receipt_line=line)
    monkeypatch.setattr(apply_cost_difference, "answered_by", lambda **_: None)
    bill(shop, line, "10", "4.50")
    assert ledger(shop.book) == {"1200": D(50), "5100": D(-5), "2000": D(-45)}


def test_goods_sent_back_to_the_supplier_are_credited():
    shop = Shop()
    line = new_id()
    shop.move("supplier", "storage", "10", "50.00", receipt_line=line)
    billed = bill(shop, line, "10", "5")
    shop.move("storage", "supplier", "3", "15.00", receipt_line=line, returns=new_id())
    post_invoice(invoice=credit_invoice(invoice=billed, lines=[CreditLineInput(line=billed.lines.get(), quantity=D(3))]))
    assert ledger(shop.book) == {"1200": D(35), "2000": D(-35)}
    assert turnovers(shop.book, "2010") == (D(35), D(35))


def test_what_will_not_be_billed_or_invoiced_is_given_up(monkeypatch):
    shop = Shop()
    line = new_id()
    shop.move("supplier", "storage", "10", "50.00", receipt_line=line)
    shop.ship("4", "20.00")
    with refused("LIMIT", "lines"):
        clear_waiting_goods(book=shop.book, lines=[new_id()], posting_date=DAY, reason="free of charge")
    with refused("CONTROL", "account"):
        control = account(shop.book, "1100")
        clear_waiting_goods(book=shop.book, lines=[line], posting_date=DAY, account=control, reason="free of charge")
    clear_waiting_goods(book=shop.book, lines=[line, shop.line], posting_date=DAY, reason="free of charge")
    assert ledger(shop.book) == {"1200": D(30), "5000": D(20), "5100": D(-50)}
    assert (shop.waiting(), received_not_billed(company=shop.company, on=DAY)) == ([], [])
    with refused("LIMIT", "lines.0.quantity"):
        bill(shop, line, "1", "5")
    shop.take_back("1", "5.00")
    assert (ledger(shop.book)["5000"], shop.waiting()) == (D(15), [])
