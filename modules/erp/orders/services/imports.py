"""Orders as rows from another system: what was delivered comes in as closed history, the rest is confirmed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Problem, Refused, apart, savepoint, service

from modules.base.api import Company, Item, LineKind, Party
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services.confirmation import confirm_sales_order
from modules.erp.orders.services.history import keys_taken, refuse_taken, write_history
from modules.erp.orders.services.lines import SalesOrderLineInput
from modules.erp.orders.services.masters import Masters
from modules.erp.orders.services.writing import Draft, draft, write_drafts

Taken = SalesOrder | Refused


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
def import_orders(*, rows: list[OrderRow]) -> list[Taken]:
    """Take orders in their order: history stays without moves and entries, an open one is confirmed and reserves.

    Return, per row, the order or why it did not come in. What a gate holds back came in as a draft with its hold.
    """
    made: dict[int, Taken] = {}
    for company in {row.company.pk: row.company for row in rows}.values():
        made |= _import(company, {place: row for place, row in enumerate(rows) if row.company.pk == company.pk})
    return [made[place] for place in range(len(rows))]


@service(permission="orders.sales_order_import")
def confirm_imported_order(*, order: SalesOrder) -> SalesOrder:
    """Put an order in force that came in as open; it passes the gates and limits like any other."""
    return confirm_sales_order(order=order)


def _import(company: Company, rows: dict[int, OrderRow]) -> dict[int, Taken]:
    items = {line.item for row in rows.values() for line in row.lines}
    masters = Masters(company, [row.party for row in rows.values()], items)
    taken = keys_taken(company.pk, {row.external_id for row in rows.values()})
    made: dict[int, Taken] = {}
    history: dict[int, Draft[SalesOrder]] = {}
    for place, row in rows.items():
        try:
            refuse_taken(row.external_id, taken)
            drafted = _draft(masters, row)
            if row.delivered_on:
                history[place] = drafted
            else:
                made[place] = _take_open(drafted)
            taken.add(row.external_id)
        except Refused as refusal:
            made[place] = refusal
    return made | _take_history(history)


def _draft(masters: Masters, row: OrderRow) -> Draft[SalesOrder]:
    if not row.lines:
        raise Refused("REQUIRED", _("There is nothing on this order."), "lines")
    try:
        drafted = draft(
            SalesOrder,
            masters,
            party=row.party,
            document_date=row.document_date,
            currency=row.currency,
            lines=_lines(row),
            origin=SalesOrder.Origin.IMPORT,
            external_id=row.external_id,
        )
    except Refused as refusal:
        raise Refused.of(_of_row(problem, row) for problem in refusal.problems) from refusal
    if row.delivered_on:
        drafted.document.number = row.external_id
        drafted.document.note = _("delivered on {day}").format(day=row.delivered_on.isoformat())
    return drafted


def _lines(row: OrderRow) -> list[SalesOrderLineInput]:
    lines = [
        SalesOrderLineInput(
            item=line.item,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            requested_date=row.requested_date,
        )
        for line in row.lines
    ]
    if row.freight:
        freight = SalesOrderLineInput(
            kind=LineKind.CHARGE, description=row.freight_text, quantity=Decimal(1), unit_price=row.freight
        )
        lines.append(freight)
    return lines


def _of_row(problem: Problem, row: OrderRow) -> Problem:
    """Return a problem as the row has it: its last line may be the freight."""
    if problem.field[:2] == ("lines", str(len(row.lines))):
        return Problem(problem.code, problem.message, ("freight",))
    return problem


def _take_open(drafted: Draft[SalesOrder]) -> SalesOrder:
    with savepoint():
        write_drafts([drafted])
        with apart():  # where it needs an approval it waits as a draft
            return confirm_imported_order(order=drafted.document)


def _take_history(drafts: dict[int, Draft[SalesOrder]]) -> dict[int, Taken]:
    """Write drafts together; where that is refused, one by one, to find those that are to blame."""
    try:
        with savepoint():
            write_history(list(drafts.values()))
    except Refused as refusal:
        if len(drafts) == 1:
            return dict.fromkeys(drafts, refusal)
        found: dict[int, Taken] = {}
        for place, drafted in drafts.items():
            found |= _take_history({place: drafted})
        return found
    return {place: drafted.document for place, drafted in drafts.items()}
