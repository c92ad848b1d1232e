"""Quotes and orders for tests; the caller is inside a tenant as the system."""

from dataclasses import dataclass
from decimal import Decimal

from tessera.fields import new_id
from tessera.lineage.services import link_lines
from tessera.unit_of_work import unit_of_work

from modules.base.api import Company, Item, Party
from modules.base.tests.factories import make_company, make_customer, make_item
from modules.erp.orders.models import Quote, SalesOrder
from modules.erp.orders.services import (
    QuoteLineInput,
    SalesOrderLineInput,
    accept_quote,
    confirm_sales_order,
    create_quote,
    create_sales_order,
    send_quote,
)


@dataclass
class Shop:
    """A company, a customer and two items."""

    company: Company
    customer: Party
    tea: Item
    coffee: Item

    def quote(self, *lines: QuoteLineInput, **values) -> Quote:
        """Return a draft, by default of 10 teas at 18.00."""
        given = list(lines) or [QuoteLineInput(item=self.tea, quantity=Decimal(10))]
        return create_quote(company=self.company, party=self.customer, lines=given, **values)

    def order(self, *lines: SalesOrderLineInput, **values) -> SalesOrder:
        """Return a draft, by default of 10 teas at 18.00."""
        given = list(lines) or [SalesOrderLineInput(item=self.tea, quantity=Decimal(10))]
        return create_sales_order(company=self.company, party=self.customer, lines=given, **values)

    def confirmed(self, *lines: SalesOrderLineInput, **values) -> SalesOrder:
        """Return an order in force."""
        return confirm_sales_order(order=self.order(*lines, **values))

    def accepted(self, *lines: QuoteLineInput, **values) -> SalesOrder:
        """Return the draft order of an accepted quote."""
        return accept_quote(quote=send_quote(quote=self.quote(*lines, **values)))


def make_shop(credit_limit: str | None = None, **company) -> Shop:
    """Return a shop that sells tea at 18.00 and coffee at 46.00."""
    hq = make_company(**company)
    return Shop(
        company=hq,
        customer=make_customer(hq, credit_limit=Decimal(credit_limit) if credit_limit else None),
        tea=make_item("TEA", list_price=Decimal("18.00")),
        coffee=make_item("COFFEE", list_price=Decimal("46.00")),
    )


class Made:
    """Something of another module that a line link points to."""

    def __init__(self, label: str) -> None:
        self.pk = new_id()
        self._meta = type("Meta", (), {"label": label})


def _link(type: str, label: str, line, quantity, amount=0) -> Made:
    made = Made(label)
    with unit_of_work():
        link_lines(
            type=type,
            source=line,
            source_document=line.document_id,
            target=made,
            target_document=new_id(),
            base_quantity=Decimal(quantity),
            amount=Decimal(amount),
        )
    return made


def deliver(line, quantity) -> Made:
    """Let a delivery line fulfil an order line."""
    return _link("fulfils", "stock.DeliveryLine", line, quantity)


def invoice(line, quantity) -> Made:
    """Let an invoice line invoice an order line."""
    return _link("invoices", "finance.InvoiceLine", line, quantity)


def problem_of(refusal) -> tuple[str, tuple[str, ...]]:
    """Return code and field of what was refused first."""
    found = refusal.value.problems[0]
    return found.code, found.field


def told(demands) -> list:
    """Return what hooks were told, as (event, {list name: [(line, quantity)]})."""
    return [
        (fact.name.partition(".")[2], {name: [(d.line, d.base_quantity) for d in given] for name, given in live.items()})
        for fact, live in demands
    ]
