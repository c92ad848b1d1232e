"""Orders that ended elsewhere, before: brought in as they were, for the record."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Refused, content_hash, save_revisions, service

from modules.base.api import Address, Company, Party, Snapshots
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services.headers import snapshots
from modules.erp.orders.services.lines import SalesOrderLineInput
from modules.erp.orders.services.masters import Masters
from modules.erp.orders.services.writing import Draft, draft, write_drafts


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
    taken = keys_taken(company.pk, {number, external_id})
    refuse_taken(external_id, taken)
    refuse_taken(number, taken, "number")
    drafted = draft(
        SalesOrder,
        Masters(company, [party]),
        party=party,
        lines=lines,
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
    drafted.document.number = number
    write_history([drafted])
    return drafted.document


def write_history(drafts: Sequence[Draft[SalesOrder]]) -> None:
    """Write orders as closed ones, sealed and kept; a handful of statements, however many."""
    taken = Snapshots([each.document.party for each in drafts])
    for each in drafts:
        order = each.document
        order.state, order.history = SalesOrder.State.CLOSED, True
        order.party_snapshot, order.content_hash = snapshots(order, taken), content_hash(order)
    write_drafts(drafts)
    save_revisions([each.document for each in drafts])


def keys_taken(company: UUID, keys: Collection[str]) -> set[str]:
    """Return which keys are taken in a company: an order came in by them before, or bears them as its number."""
    brought_in = Q(origin=SalesOrder.Origin.IMPORT, external_id__in=keys)
    rows = SalesOrder.objects.filter(brought_in | Q(number__in=keys), company=company)
    return {key for row in rows.values_list("external_id", "number") for key in row} & set(keys)


def refuse_taken(key: str, taken: Collection[str], field: str = "external_id") -> None:
    """Refuse with UNIQUE an order whose key is taken."""
    if key in taken:
        raise Refused("UNIQUE", _("There is an order {key} already.").format(key=key), field)
