"""Goods for tests of finance: a shop that tells its moves, and stands for orders and stock where they are asked."""

from datetime import date

from tessera.api import new_id

from modules.base.api import Billable, BillableLine, MoveValued, billable
from modules.base.tests.factories import make_customer, make_item, make_supplier
from modules.erp.finance.selectors import shipped_not_invoiced
from modules.erp.finance.services import InvoiceLineInput, book_moves, create_invoice_for, post_invoice
from modules.erp.finance.tests.factories import D, make_books, make_invoice

DAY = date(2026, 3, 12)


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


def bill(shop, receipt_line, quantity, price, **more):
    """Return the supplier's posted bill of so many of a receipt line."""
    line = InvoiceLineInput(
        item=shop.item, quantity=D(quantity), unit_price=D(price), taxes=[], receipt=new_id(), receipt_line=receipt_line
    )
    return make_invoice(shop.company, shop.supplier, line, direction="purchase", **more)
