"""Orders that ended elsewhere, before: brought in as they were, for the record."""

from datetime import date

from django.utils.translation import gettext as _
from tessera.api import Refused, content_hash, save_revision, service

from modules.base.api import Address, Company, Party
from modules.erp.orders.models import SalesOrder, SalesOrderLine
from modules.erp.orders.services.headers import new_document, snapshots
from modules.erp.orders.services.lines import SalesOrderLineInput, build_lines, total
from modules.erp.orders.services.writing import write_document


@service(permission="orders.sales_order_import")
def import_sales_order(
    *,
    company: Company,
    party: Party,
    number: str,
    external_id: str,
    document_date: date,
    lines: list[SalesOrderLineInput],
    currency: str = "",
    price_includes_tax: bool | None = None,
    contact: Party | None = None,
    bill_to: Address | None = None,
    ship_to: Address | None = None,
    reference: str = "",
    note: str = "",
) -> SalesOrder:
    """Bring in an order that ended before, closed and under its own number: no demand, no move, no entry, no fact.

    Refuses with UNIQUE what was brought in already (the same `external_id` or number in the company).
    """
    if not number or not external_id:
        raise Refused(
            "REQUIRED", _("History keeps the number and the key that it came with."), "external_id" if number else "number"
        )
    order = new_document(
        SalesOrder,
        company=company,
        party=party,
        document_date=document_date,
        currency=currency,
        price_includes_tax=price_includes_tax,
        contact=contact,
        bill_to=bill_to,
        ship_to=ship_to,
        reference=reference,
        note=note,
        origin=SalesOrder.Origin.IMPORT,
        external_id=external_id,
    )
    order.number, order.state, order.history = number, SalesOrder.State.CLOSED, True
    order.party_snapshot = snapshots(order)
    built = build_lines(order, SalesOrderLine, lines, {})
    write_document(order, built, total(order, built))
    order.content_hash = content_hash(order)
    order.save()
    save_revision(order)
    return order
