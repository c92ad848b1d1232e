"""What a short close would mean, before it is done."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, linked_amounts, minor_units, part_of

from modules.base.api import LineKind
from modules.erp.orders.models import SalesOrder, SalesOrderLine
from modules.erp.orders.selectors.billing import WITH_THE_FIRST
from modules.erp.orders.selectors.progress import OrderProgress, goes_out, is_invoiced, progress_of, reserved_of_lines

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class ShortCloseLine:
    """One line: quantities in base units, amounts net in the order's currency.

    `to_invoice` is what left and is not invoiced, `to_credit` what was invoiced and will not come.
    """

    line: UUID
    position: int
    description: str
    ordered: Decimal
    delivered: Decimal | None
    invoiced: Decimal | None
    cancelled: Decimal
    released: Decimal
    cancelled_net: Decimal
    to_invoice: Decimal
    to_credit: Decimal


@dataclass(frozen=True, kw_only=True)
class ShortClosePreview:
    """The compensation list of an order; `advance` is what was paid ahead and stays an open item."""

    order: UUID
    number: str
    currency: str
    cancelled_net: Decimal
    to_invoice: Decimal
    to_credit: Decimal
    advance: Decimal
    lines: list[ShortCloseLine]


def rest_of(progress: OrderProgress, line: SalesOrderLine) -> Decimal:
    """Return what a short close cancels of a line, in base units.

    Goods: what did not leave (what was not invoiced, where nobody knows what left). Charges and
    discounts stay due once something left or was invoiced; services stay as far as they are invoiced.
    """
    if line.kind == LineKind.TEXT:
        return ZERO
    if line.kind in WITH_THE_FIRST:
        return ZERO if progress.anything_done else line.wanted
    kept = progress.delivered_of(line) if goes_out(line) and progress.delivered is not None else progress.invoiced_of(line)
    return max(line.wanted - kept, ZERO)


def short_close_preview(*, order: SalesOrder) -> ShortClosePreview:
    """Say what a short close of the order would cancel, release, leave to invoice and to credit."""
    progress = progress_of([order.pk])[order.pk]
    if progress.delivered is None and progress.invoiced is None:
        raise Refused("STATE", _("Nobody tracks what was done of this order; close it instead."), "state")
    reserved = reserved_of_lines(ids=[line.pk for line in progress.lines])
    lines = [_preview(order, progress, line, reserved[line.pk] or ZERO) for line in progress.lines]
    return ShortClosePreview(
        order=order.pk,
        number=order.number or "",
        currency=order.currency,
        cancelled_net=sum((line.cancelled_net for line in lines), ZERO),
        to_invoice=sum((line.to_invoice for line in lines), ZERO),
        to_credit=sum((line.to_credit for line in lines), ZERO),
        advance=linked_amounts([order.pk], "advances").get(order.pk, ZERO),
        lines=lines,
    )


def _preview(order: SalesOrder, progress: OrderProgress, line: SalesOrderLine, reserved: Decimal) -> ShortCloseLine:
    decimals, rest = minor_units(order.currency), rest_of(progress, line)

    def net(quantity: Decimal) -> Decimal:
        return part_of(line.net, quantity, line.base_quantity, ZERO, decimals) if quantity > 0 else ZERO

    invoiced = progress.invoiced_of(line)
    stays = line.wanted - rest
    counts = is_invoiced(line) and progress.invoiced is not None
    return ShortCloseLine(
        line=line.pk,
        position=line.position,
        description=line.description,
        ordered=line.base_quantity,
        delivered=progress.delivered_of(line) if progress.delivered is not None and goes_out(line) else None,
        invoiced=invoiced if progress.invoiced is not None else None,
        cancelled=rest,
        released=min(reserved, rest),
        cancelled_net=net(rest),
        to_invoice=net(stays) - net(invoiced) if counts and stays > invoiced else ZERO,
        to_credit=net(invoiced) - net(stays) if counts and invoiced > stays else ZERO,
    )
