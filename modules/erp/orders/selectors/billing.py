"""What may be invoiced of an order, and what confirmed orders will still bring."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from tessera.api import minor_units, part_of, round_money, round_to

from modules.base.api import Billable, BillableLine, BillableTax, LineKind, one_with
from modules.erp.orders.models import SalesOrder, SalesOrderLine, SalesOrderTax
from modules.erp.orders.selectors.progress import OrderProgress, goes_out, is_invoiced, progress_of

ZERO = Decimal(0)
WITH_THE_FIRST = (LineKind.CHARGE, LineKind.DISCOUNT)


def billable_of(*, document: UUID) -> Billable | None:
    """Return what may be invoiced of an order in force now; None when there is no such order."""
    order = SalesOrder.objects.filter(pk=document).select_related("company").first()
    if order is None:
        return None
    lines: list[BillableLine] = []
    if order.state == SalesOrder.State.CONFIRMED:
        progress = progress_of([order.pk])[order.pk]
        taxes: dict[UUID, list[SalesOrderTax]] = {}
        for row in order.taxes.order_by("id"):
            taxes.setdefault(row.line_id, []).append(row)
        for line in progress.lines:
            quantity = due_of(progress, line)
            if quantity > 0:
                lines.append(_billable_line(order, progress, line, quantity, taxes.get(line.pk, ())))
    return Billable(
        kind=SalesOrder._meta.label,
        document=order.pk,
        number=order.number or "",
        company=order.company_id,
        party=order.party_id,
        bill_to=order.bill_to_id,
        currency=order.currency,
        rate=order.rate,
        price_includes_tax=order.price_includes_tax,
        payment_term=order.payment_term_id,
        owner=order.owner,
        org_unit=order.org_unit_id,
        lines=tuple(lines),
    )


def due_of(progress: OrderProgress, line: SalesOrderLine) -> Decimal:
    """Return the base quantity of a line that may be invoiced now.

    Charges and discounts go with the first invoice, and once something left. Where nobody keeps stock,
    nobody knows what left, and what was ordered is invoiced.
    """
    if not is_invoiced(line) or line.invoicing == SalesOrderLine.Invoicing.MILESTONE:
        return ZERO
    deliveries_known = progress.delivered is not None
    if line.kind in WITH_THE_FIRST:
        waits = deliveries_known and any(goes_out(each) for each in progress.lines) and not progress.anything_delivered
        reached = ZERO if waits else line.wanted
    elif deliveries_known and goes_out(line) and line.invoicing == SalesOrderLine.Invoicing.DELIVERED:
        reached = progress.delivered_of(line)
    else:
        reached = line.wanted
    return max(reached - progress.invoiced_of(line), ZERO)


def _billable_line(
    order: SalesOrder, progress: OrderProgress, line: SalesOrderLine, quantity: Decimal, taxes: Sequence[SalesOrderTax]
) -> BillableLine:
    """Return the next part of a line; the net and each tax of all parts sum to the line's."""
    decimals, before = minor_units(order.currency), progress.invoiced_of(line)

    def part(whole: Decimal) -> Decimal:
        done = part_of(whole, before, line.base_quantity, ZERO, decimals)
        return part_of(whole, before + quantity, line.base_quantity, done, decimals)

    return BillableLine(
        kind=line._meta.label,
        document=order.pk,
        line=line.pk,
        line_kind=line.kind,
        item=line.item_id,
        description=line.description,
        base_quantity=quantity,
        unit=line.unit_id,
        quantity=round_to(quantity * line.quantity / line.base_quantity, 6),
        unit_price=line.unit_price,
        discount=line.discount,
        net=part(line.net),
        taxes=tuple(BillableTax(tax=row.tax_id, rate=row.rate, base=part(row.base), amount=part(row.amount)) for row in taxes),
        dimension_set=line.dimension_set_id,
    )


def orders_to_invoice(*, company: UUID) -> list[UUID]:
    """Return the orders of a company that may still be invoiced."""
    found = SalesOrder.objects.filter(company=company, state=SalesOrder.State.CONFIRMED)
    return list(found.order_by("id").values_list("id", flat=True))


def unbilled_of(*, party: UUID, company: UUID) -> Decimal:
    """Return the gross of confirmed and not yet invoiced order lines in company currency."""
    confirmed = SalesOrder.objects.filter(company=company, state=SalesOrder.State.CONFIRMED)
    orders = list(confirmed.filter(party__in=one_with(party)).select_related("company"))
    progress = progress_of(order.pk for order in orders)
    total = ZERO
    for order in orders:
        here = progress[order.pk]
        open_ = sum((_unbilled(here, line) for line in here.lines), ZERO)
        total += round_money(open_ * order.rate, order.company.currency)
    return total


def _unbilled(progress: OrderProgress, line: SalesOrderLine) -> Decimal:
    if not is_invoiced(line) or not line.base_quantity:
        return ZERO
    rest = max(progress.to_invoice(line) - progress.invoiced_of(line), ZERO)
    return line.gross * rest / line.base_quantity
