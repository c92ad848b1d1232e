"""What probes of the books have in common: a shop with a supplier, what happens to it, and what must hold in the end."""

from datetime import date
from decimal import Decimal

from modules.base.tests.factories import make_supplier
from modules.erp.finance.models import Book, Invoice
from modules.erp.finance.selectors import reconciliation
from modules.erp.finance.services import InvoiceLineInput, create_invoice_for, post_invoice
from modules.erp.finance.tests.factories import ledger, make_invoice
from modules.erp.orders.services import SalesOrderLineInput
from modules.erp.orders.tests.factories import Shop, make_shop
from modules.scm.stock.services import DeliveryLineInput
from modules.scm.stock.tests.factories import broken, ship

D = Decimal
LATE = date(2099, 12, 31)


def make_shop_with_books() -> Shop:
    """Return a shop with books, a customer, two items, and a supplier."""
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
    """Return the posted invoice of what is delivered of an order."""
    return post_invoice(invoice=create_invoice_for(document=order.pk))


def assert_whole(shop) -> dict[str, Decimal]:
    """Check all that must hold of a company's books and stock; return its balances by account."""
    assert [row for row in reconciliation(company=shop.company) if row.difference] == []
    assert broken(shop.company) == []
    return ledger(shop.book)  # refuses a trial balance that is not zero


def waiting(rows) -> list[tuple[Decimal, Decimal]]:
    """Return quantity and value of goods that wait for paper."""
    return [(row.quantity, row.value) for row in rows]


def line_of(order, quantity: str) -> DeliveryLineInput:
    """Return how much of an order's one line a delivery takes."""
    return DeliveryLineInput(line=order.lines.get().pk, quantity=D(quantity))
