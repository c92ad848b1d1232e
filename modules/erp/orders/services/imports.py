"""Orders as rows from another system: what was delivered comes in as closed history, the rest is confirmed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tessera.api import apart, service

from modules.base.api import Company, Item, LineKind, Party
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services.confirmation import confirm_sales_order
from modules.erp.orders.services.history import import_sales_order
from modules.erp.orders.services.lines import SalesOrderLineInput
from modules.erp.orders.services.orders import create_sales_order


@dataclass(frozen=True, kw_only=True)
class OrderLineRow:
    """A line: the item by its code, the discount as a fraction."""

    item: Item
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """An order with its lines; `delivered_on` says that it ended there, `freight` becomes a charge line."""

    company: Company
    external_id: str
    party: Party
    document_date: date
    lines: list[OrderLineRow]
    requested_date: date | None = None
    delivered_on: date | None = None
    currency: str = ""
    freight: Decimal = Decimal(0)
    freight_text: str = "Freight"


@service(permission="orders.sales_order_import")
def import_order(
    *,
    company: Company,
    external_id: str,
    party: Party,
    document_date: date,
    lines: list[OrderLineRow],
    requested_date: date | None,
    delivered_on: date | None,
    currency: str,
    freight: Decimal,
    freight_text: str,
) -> SalesOrder:
    """Take one order: history stays without moves and entries, an open one is confirmed and reserves."""
    rows = [
        SalesOrderLineInput(
            item=line.item,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            requested_date=requested_date,
        )
        for line in lines
    ]
    if freight:
        rows.append(SalesOrderLineInput(kind=LineKind.CHARGE, description=freight_text, quantity=Decimal(1), unit_price=freight))
    terms: dict[str, Any] = {
        "company": company,
        "party": party,
        "document_date": document_date,
        "lines": rows,
        "currency": currency,
    }
    if delivered_on:
        return import_sales_order(
            **terms, number=external_id, external_id=external_id, note=f"delivered on {delivered_on.isoformat()}"
        )
    order = create_sales_order(**terms, origin=SalesOrder.Origin.IMPORT, external_id=external_id)
    with apart():  # where it needs an approval it waits as a draft
        return confirm_sales_order(order=order)
