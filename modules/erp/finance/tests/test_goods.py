"""Goods in the ledger: received, shipped, invoiced, billed, returned."""

from datetime import date

import pytest
from tessera.api import Refused, new_id

from modules.base.api import Billable, BillableLine, MoveValued, ValueSplit, apply_cost_difference, billable, expected_quantities
from modules.base.tests.factories import make_customer, make_item, make_supplier
from modules.erp.finance.models import Entry, EntryLine
from modules.erp.finance.selectors import received_not_billed, shipped_not_invoiced
from modules.erp.finance.services import (
    CreditLineInput,
    InvoiceLineInput,
    book_moves,
    clear_waiting_goods,
    create_invoice_for,
    credit_invoice,
    delete_invoice,
    post_invoice,
    reverse_invoice,
)
from modules.erp.finance.tests.factories import D, account, ledger, make_books, make_invoice, refused, turnovers

pytestmark = pytest.mark.usefixtures("inside", "expected")
DAY = date(2026, 3, 12)


@pytest.fixture
def expected(monkeypatch):
    """Let stock know every receipt line that is asked about, of ten pieces."""
    monkeypatch.setattr(expected_quantities, "answered_by", lambda *, lines: dict.fromkeys(lines, D(10)))


class Shop:
    """A company with one item, one customer, one supplier, and hands to move goods."""

    def __init__(self, **values):
        self.company, self.book = make_books(**values)
        self.item = make_item()
        self.customer, self.supplier = make_customer(self.company), make_supplier(self.company)
        self.order, self.line = new_id(), new_id()

    def move(self, source, target, quantity, value, *, document=None, line=None, receipt_line=None, returns=None):
        """Book one move as one document; return the entry."""
        move = MoveValued(
            move=new_id(),
            company=self.company.pk,
            item=self.item.pk,
            item_category=None,
            warehouse=None,
            source_kind=source,
            target_kind=target,
            base_quantity=D(quantity),
            value=D(value),
            posting_date=DAY,
            party=self.customer.pk if "customer" in (source, target) else self.supplier.pk,
            demand_document=self.order,
            demand_line=line or self.line,
            receipt_line=receipt_line,
            returns=returns,
        )
        return book_moves(
            company=self.company.pk,
            document_kind="stock.Delivery",
            document=document or new_id(),
            posting_date=DAY,
            number="",
            moves=[move],
        )

    def ship(self, quantity, value, **more):
        return self.move("storage", "customer", quantity, value, **more)

    def take_back(self, quantity, value, **more):
        return self.move("customer", "hold", quantity, value, returns=new_id(), **more)

    def invoice(self, monkeypatch, quantity, price="10"):
        """Return the posted invoice of so many of the order."""
        self.offer(monkeypatch, quantity, price)
        return post_invoice(invoice=create_invoice_for(document=self.order))

    def offer(self, monkeypatch, quantity, price="10"):
        """Let orders answer that so many may be invoiced."""
        line = BillableLine(
            kind="orders.SalesOrderLine",
            document=self.order,
            line=self.line,
            line_kind="item",
            item=self.item.pk,
            description="Tea",
            base_quantity=D(quantity),
            unit=self.item.unit_id,
            quantity=D(quantity),
            unit_price=D(price),
            discount=D(0),
            net=D(quantity) * D(price),
        )
        answer = Billable(
            kind="orders.SalesOrder",
            document=self.order,
            number="SO-1",
            company=self.company.pk,
            party=self.customer.pk,
            bill_to=None,
            currency=self.company.currency,
            rate=D(1),
            price_includes_tax=False,
            payment_term=None,
            owner=None,
            org_unit=None,
            lines=(line,) if D(quantity) else (),
        )
        monkeypatch.setattr(billable, "answered_by", lambda **_: answer)

    def waiting(self):
        return [(row.quantity, row.value) for row in shipped_not_invoiced(company=self.company, on=date(2026, 12, 31))]


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
    from tessera.unit_of_work import unit_of_work

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


def bill(shop, receipt_line, quantity, price, **more):
    line = InvoiceLineInput(
        item=shop.item, quantity=D(quantity), unit_price=D(price), taxes=[], receipt=new_id(), receipt_line=receipt_line
    )
    return make_invoice(shop.company, shop.supplier, line, direction="purchase", **more)


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


def test_a_chinese_shop_keeps_quantities_on_stock():
    shop = Shop(code="SH", currency="CNY", chart_code="cn_small")
    shop.move("supplier", "storage", "10", "50.00", receipt_line=new_id())
    shop.ship("4", "20.00")
    assert ledger(shop.book) == {"1405": D(30), "1406": D(20), "220202": D(-50)}
    assert [str(entry) for entry in Entry.objects.order_by("seq")] == ["2026-03-记-0001", "2026-03-记-0002"]


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


def test_a_company_without_books_refuses_goods():
    from modules.erp.finance.models import Book

    shop = Shop()
    assert Book.objects.filter(company=shop.company).exists()
    with pytest.raises(Refused):
        book_moves(company=new_id(), document_kind="stock.Receipt", document=new_id(), posting_date=DAY, number="", moves=[])
