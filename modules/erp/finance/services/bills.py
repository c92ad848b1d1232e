"""What a supplier's bill means: goods received and not billed are cleared, differences of price follow the goods."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, minor_units

from modules.base.api import LineKind, apply_cost_difference
from modules.erp.finance.models import Control, Invoice, InvoiceLine, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.goods import split_lines
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
RECEIVED = ("received_not_billed", "price_variance", "stock", "cogs", "opening_equity")


def bill_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], values: dict[UUID, tuple[Decimal, Decimal]], finder: AccountFinder
) -> list[PostingLine]:
    """Return the debit side of a bill; `values` are (amount, in the book's currency) per line."""
    received = {line.receipt_line for line in lines if line.receipt_line}
    pools = pools_of(finder.book, Control.RECEIVED_NOT_BILLED, received)
    made: list[PostingLine] = []
    for place, line in enumerate(lines):
        if line.pk not in values:
            continue
        if line.receipt_line:
            made += _received(invoice, line, values[line.pk], pools[line.receipt_line], finder, place)
        else:
            made.append(_expense(invoice, line, values[line.pk], finder))
    return made


def _expense(invoice: Invoice, line: InvoiceLine, value: tuple[Decimal, Decimal], finder: AccountFinder) -> PostingLine:
    purpose = EXPENSE[LineKind(line.kind)]
    category = line.item.category_id if line.item else None
    return PostingLine(
        account=line.account or finder.account(purpose, item=line.item_id, item_category=category),
        side=Side.DEBIT,
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


def _received(
    invoice: Invoice, line: InvoiceLine, value: tuple[Decimal, Decimal], pool: Pool, finder: AccountFinder, place: int
) -> list[PostingLine]:
    """Clear what was received; what the bill differs by goes to the goods on hand and the goods that have left."""
    keys = {"item": line.item_id, "item_category": line.item.category_id if line.item else None}
    company = value[1]
    if not pool.moved and not pool.papered:
        return [_before_the_books(invoice, line, value, finder)]
    quantity = line.base_quantity
    if quantity > max(pool.quantity, ZERO) and invoice.kind != Invoice.Kind.CREDIT_NOTE:
        text = _("Only {quantity} was received and is not billed.").format(quantity=max(pool.quantity, ZERO).normalize())
        raise Refused("LIMIT", text, "lines", str(place), "quantity")
    if quantity < min(pool.quantity, ZERO):
        quantity = min(pool.quantity, ZERO)  # credited without goods going back: the price was lowered
    cleared = pool.take(quantity, minor_units(finder.book.currency)) if quantity else ZERO
    made = []
    if quantity:
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
        made += _difference(invoice, line, difference, finder, keys)
    return made


def _difference(invoice: Invoice, line: InvoiceLine, difference: Decimal, finder: AccountFinder, keys: dict) -> list[PostingLine]:
    split = apply_cost_difference(
        receipt_line=line.receipt_line, amount=difference, reason=invoice.reference or "bill", effective_date=invoice.posting_date
    )
    if split is None:
        account = finder.account("price_variance", **keys)
        given = {"item": line.item_id, "quantity": ZERO if line.item_id else None, "source_line": line.pk}
        return [PostingLine(account=account, side=Side.DEBIT, amount=difference, purpose="price_variance", **given)]
    return split_lines(finder, on_hand=split.on_hand, gone=split.gone, **keys)


def _before_the_books(invoice: Invoice, line: InvoiceLine, value: tuple[Decimal, Decimal], finder: AccountFinder) -> PostingLine:
    """Bill goods that came before the books were opened: they are in the opening stock already."""
    return PostingLine(
        account=finder.account("opening_equity"),
        side=Side.DEBIT,
        amount=value[1],
        amount_currency=value[0],
        currency=invoice.currency,
        rate=invoice.rate,
        purpose="opening_equity",
        party=invoice.party_id,
        summary=line.description,
        source_line=line.receipt_line,
    )
