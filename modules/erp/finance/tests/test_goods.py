"""Goods in the ledger: where they come from and go to decides the accounts."""

import pytest
from tessera.api import Refused, new_id

from modules.erp.finance.models import Book, Entry
from modules.erp.finance.services import book_moves
from modules.erp.finance.tests.factories import D, ledger, turnovers
from modules.erp.finance.tests.goods import DAY, Shop

pytestmark = pytest.mark.usefixtures("inside", "expected")


@pytest.mark.parametrize(
    ("ends", "debit", "credit"),
    [
        (("supplier", "storage"), "1200", "2010"),
        (("opening", "storage"), "1200", "3100"),
        (("storage", "customer"), "1210", "1200"),
        (("supplier", "customer"), "1210", "2010"),
        (("storage", "production"), "1220", "1200"),
        (("production", "storage"), "1200", "1220"),
        (("storage", "loss"), "5200", "1200"),
        (("loss", "storage"), "1200", "5200"),
        (("scrap", "loss"), "5200", "1200"),
    ],
)
def test_where_goods_come_from_and_go_to_decides_the_accounts(ends, debit, credit):
    shop = Shop()
    shop.move(*ends, "4", "20.00", receipt_line=new_id())
    assert ledger(shop.book) == {debit: D(20), credit: D(-20)}


def test_moves_among_our_own_places_book_nothing():
    shop = Shop()
    assert shop.move("storage", "transit", "4", "0") is None
    assert shop.move("hold", "scrap", "4", "20.00") is None
    assert not Entry.objects.exists()


def test_a_return_is_booked_in_red_on_the_same_sides():
    shop = Shop()
    shop.ship("5", "25.00")
    shop.take_back("2", "10.00")
    assert turnovers(shop.book, "1210") == (D(15), D(0))
    assert turnovers(shop.book, "1200") == (D(0), D(15))


def test_the_same_document_is_booked_once():
    shop = Shop()
    document = new_id()
    assert shop.ship("5", "25.00", document=document) is not None
    assert shop.ship("5", "25.00", document=document) is None
    assert Entry.objects.count() == 1


def test_a_chinese_shop_keeps_quantities_on_stock():
    shop = Shop(code="SH", currency="CNY", chart_code="cn_small")
    shop.move("supplier", "storage", "10", "50.00", receipt_line=new_id())
    shop.ship("4", "20.00")
    assert ledger(shop.book) == {"1405": D(30), "1406": D(20), "220202": D(-50)}
    assert [str(entry) for entry in Entry.objects.order_by("seq")] == ["2026-03-记-0001", "2026-03-记-0002"]


def test_a_company_without_books_refuses_goods():
    shop = Shop()
    assert Book.objects.filter(company=shop.company).exists()
    with pytest.raises(Refused):
        book_moves(company=new_id(), document_kind="stock.Receipt", document=new_id(), posting_date=DAY, number="", moves=[])
