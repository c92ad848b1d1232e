"""What a supplier's bill means: goods received and not billed are cleared, differences of price follow the goods."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, minor_units

from modules.base.api import LineKind, expected_quantities
from modules.erp.finance.models import Control, Invoice, InvoiceLine, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.goods import difference_lines
from modules.erp.finance.services.interim import Pool, pools_of
from modules.erp.finance.services.posting import PostingLine

ZERO = Decimal(0)
EXPENSE = {
    LineKind.ITEM: "expense",
    LineKind.SERVICE: "expense_service",
    LineKind.CHARGE: "expense_charge",
    LineKind.DISCOUNT: "expense",
    LineKind.ADVANCE: "advance_paid",
}
# What a line that bills received goods may ask an account for, by how price and quantity differ.
RECEIVED = ("received_not_billed", "price_variance", "stock", "cogs")


def bill_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], values: dict[UUID, tuple[Decimal, Decimal]], finder: AccountFinder
) -> list[PostingLine]:
    """Return the debit side of a bill; `values` are (amount, in the book's currency) per line."""
    received = {line.receipt_line for line in lines if line.receipt_line}
    pools = pools_of(finder.book, Control.RECEIVED_NOT_BILLED, received)
    if received and invoice.kind != Invoice.Kind.CREDIT_NOTE:
        _refuse_more_than_received(lines, pools)
    made: list[PostingLine] = []
    for line in lines:
        if line.pk not in values:
            continue
        if line.receipt_line:
            made += _received(invoice, line, values[line.pk], pools[line.receipt_line], finder)
        else:
            made.append(posted_line(invoice, line, EXPENSE[LineKind(line.kind)], Side.DEBIT, values[line.pk], finder))
    return made


def posted_line(
    invoice: Invoice, line: InvoiceLine, purpose: str, side: Side, value: tuple[Decimal, Decimal], finder: AccountFinder
) -> PostingLine:
    """Return what an invoice's line posts to its own account, or to the one of its purpose; `value` as in `bill_lines`."""
    return PostingLine(
        account=line.account or finder.account(purpose, item=line.item_id, item_category=category_of(line)),
        side=side,
        amount=value[1],
        amount_currency=value[0],
        currency=invoice.currency,
        rate=invoice.rate,
        purpose=purpose,
        party=invoice.party_id,
        item=line.item_id,
        quantity=line.base_quantity if line.item_id else None,
        dimension_set=line.dimension_set_id or invoice.dimension_set_id,
        summary=line.description,
        source_line=line.pk,
    )


def category_of(line: InvoiceLine) -> UUID | None:
    """Return the category of a line's item."""
    return line.item.category_id if line.item else None


def _received(
    invoice: Invoice, line: InvoiceLine, value: tuple[Decimal, Decimal], pool: Pool, finder: AccountFinder
) -> list[PostingLine]:
    """Clear what was received; what the bill differs by goes to the goods on hand and the goods that have left.

    A bill that comes before the goods waits for them, with all of its value.
    """
    keys = {"item": line.item_id, "item_category": line.item.category_id if line.item else None}
    company, quantity = value[1], line.base_quantity
    cleared = company
    if pool.moved:
        if quantity < min(pool.quantity, ZERO):
            quantity = min(pool.quantity, ZERO)  # credited without goods going back: the price was lowered
        cleared = pool.take(quantity, minor_units(finder.book.currency)) if quantity else ZERO
    made = []
    if quantity or cleared:
        made.append(
            PostingLine(
                account=finder.account("received_not_billed", **keys),
                side=Side.DEBIT,
                amount=cleared,
                purpose="received_not_billed",
                party=invoice.party_id,
                item=line.item_id,
                quantity=quantity,
                source_line=line.receipt_line,
                summary=line.description,
            )
        )
    if difference := company - cleared:
        reason = invoice.reference or "bill"
        made += difference_lines(finder, line.receipt_line, difference, reason, invoice.posting_date, **keys)
    return made


def _refuse_more_than_received(lines: Sequence[InvoiceLine], pools: dict[UUID, Pool]) -> None:
    """Refuse with LIMIT what was billed already, and more than came or is expected."""
    expected = expected_quantities(lines=list(pools))
    billed: dict[UUID, Decimal] = {}
    for place, line in enumerate(lines):
        if not line.receipt_line:
            continue
        pool = pools[line.receipt_line]
        most = pool.moved or expected.get(line.receipt_line, ZERO)
        left = max(most - pool.papered - billed.get(line.receipt_line, ZERO), ZERO)
        if line.base_quantity > left:
            text = _("Only {quantity} was received and is not billed.").format(quantity=left.normalize())
            raise Refused("LIMIT", text, "lines", str(place), "quantity")
        billed[line.receipt_line] = billed.get(line.receipt_line, ZERO) + line.base_quantity
