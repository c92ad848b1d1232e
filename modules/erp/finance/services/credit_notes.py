"""Credit notes: the exact negative of what they correct, at the taxes of then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from tessera.api import (
    Link,
    Refused,
    check_move,
    current,
    link_many,
    lock_for_update,
    minor_units,
    move,
    part_of,
    round_money,
    round_to,
    service,
)

from modules.base.api import TaxAmount
from modules.erp.finance.models import Invoice, InvoiceLine, InvoiceTax, OpenItem
from modules.erp.finance.services.invoices import save_invoice
from modules.erp.finance.services.posting_invoices import post_invoice
from modules.erp.finance.services.setup import today_of

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class CreditLineInput:
    """What of an invoice's line is credited: a quantity in the line's unit, or a net amount and no goods.

    With neither, all that is left of the line.
    """

    line: InvoiceLine
    quantity: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class _Credited:
    """What earlier credit notes took from a line, not negative."""

    quantity: Decimal
    net: Decimal
    taxes: dict[tuple[UUID, Decimal], tuple[Decimal, Decimal]]


@service(permission="finance.credit_note_create")
def credit_invoice(
    *, invoice: Invoice, lines: list[CreditLineInput] | None = None, document_date: date | None = None, reason: str = ""
) -> Invoice:
    """Draft a credit note that corrects a posted invoice: the named lines, or all that is left of it.

    More than was invoiced, less what was credited already, is refused with LIMIT.
    """
    invoice = lock_for_update(Invoice.objects.filter(pk=invoice.pk).select_related("company", "party"))[0]
    if invoice.state != Invoice.State.POSTED or invoice.kind == Invoice.Kind.CREDIT_NOTE:
        raise Refused("STATE", _("Only a posted invoice is corrected by a credit note."), "invoice")
    originals = {line.pk: line for line in lock_for_update(InvoiceLine.objects.filter(document=invoice))}
    credited = _credited(originals)
    wanted = lines if lines is not None else [CreditLineInput(line=line) for line in originals.values()]
    note = _header(invoice, document_date or today_of(invoice.company), reason)
    made, rows = [], []
    for place, each in enumerate(wanted):
        original = originals.get(each.line.pk)
        if original is None:
            raise Refused("INVALID", _("The line is not one of this invoice."), "lines", str(place), "line")
        line = _line(note, original, credited[original.pk], each, place)
        if line is None:
            continue
        made.append(line)
        rows += _taxes(line, original, credited[original.pk], invoice)
    if not made:
        raise Refused("LIMIT", _("Nothing of this invoice is left to credit."), "lines")
    _total(note, made, rows)
    save_invoice(note, made, rows)
    return note


def _header(invoice: Invoice, on: date, reason: str) -> Invoice:
    kept = ("company", "direction", "party", "party_snapshot", "currency", "rate", "rate_date", "rate_source")
    more = ("price_includes_tax", "bill_to_id", "ship_to_id", "org_unit_id", "source_kind", "source")
    return Invoice(
        kind=Invoice.Kind.CREDIT_NOTE,
        corrects=invoice,
        document_date=on,
        reason=reason,
        reference=invoice.number or "",
        owner=current().actor.member_id,
        **{name: getattr(invoice, name) for name in (*kept, *more)},
    )


def _credited(lines: dict[UUID, InvoiceLine]) -> dict[UUID, _Credited]:
    """Return what was credited of each line, drafts included, so that two notes cannot take the same."""
    sums = InvoiceLine.objects.filter(corrects__in=lines).values("corrects").annotate(quantity=Sum("quantity"), value=Sum("net"))
    taxes: dict[UUID, dict[tuple[UUID, Decimal], tuple[Decimal, Decimal]]] = {key: {} for key in lines}
    rows = InvoiceTax.objects.filter(line__corrects__in=lines).values("line__corrects", "tax", "rate")
    for row in rows.annotate(on=Sum("base"), sum=Sum("amount")):
        taxes[row["line__corrects"]][row["tax"], row["rate"]] = (-row["on"], -row["sum"])
    found = {row["corrects"]: row for row in sums}
    return {
        key: _Credited(
            -found[key]["quantity"] if key in found else ZERO, -found[key]["value"] if key in found else ZERO, taxes[key]
        )
        for key in lines
    }


def _line(note: Invoice, original: InvoiceLine, credited: _Credited, wanted: CreditLineInput, place: int) -> InvoiceLine | None:
    left, left_net = original.quantity - credited.quantity, original.net - credited.net
    decimals = minor_units(note.currency)
    if wanted.amount is not None:
        quantity, net = ZERO, wanted.amount
        if net <= 0 or net > left_net or round_to(net, decimals) != net:
            raise Refused(
                "LIMIT", _("Only {amount} of this line is left.").format(amount=left_net), "lines", str(place), "amount"
            )
    else:
        quantity = left if wanted.quantity is None else wanted.quantity
        if quantity == 0 and left_net == 0 and wanted.quantity is None:
            return None
        if quantity < 0 or quantity > left or (quantity == 0 and wanted.quantity is not None):
            raise Refused("LIMIT", _("Only {amount} of this line is left.").format(amount=left), "lines", str(place), "quantity")
        net = _part(original.net, original, credited.quantity, quantity, credited.net, decimals, left_net)
    base = round_to(original.base_quantity * quantity / original.quantity, 6) if original.quantity else ZERO
    kept = ("kind", "item_id", "description", "unit_id", "unit_price", "discount", "account_id", "dimension_set_id")
    sources = ("source_kind", "source_document", "source_line", "receipt_document", "receipt_line")
    return InvoiceLine(
        document=note,
        corrects=original,
        position=place + 1,
        quantity=-quantity,
        base_quantity=-base,
        net=-net,
        **{name: getattr(original, name) for name in (*kept, *sources)},
    )


def _part(
    whole: Decimal, original: InvoiceLine, before: Decimal, quantity: Decimal, done: Decimal, decimals: int, left: Decimal
) -> Decimal:
    """Return the part of an amount for `quantity`, never more than is left: allowances may have taken from it."""
    if not original.quantity or before + quantity == original.quantity:
        return left
    part = part_of(
        whole, before + quantity, original.quantity, part_of(whole, before, original.quantity, ZERO, decimals), decimals
    )
    return max(min(part, left), ZERO) if left >= 0 else min(max(part, left), ZERO)


def _taxes(line: InvoiceLine, original: InvoiceLine, credited: _Credited, invoice: Invoice) -> list[TaxAmount]:
    """Return the negative tax rows of a credited line, at the rates of the invoice; the last part takes the rest."""
    decimals, whole = minor_units(invoice.currency), original.net
    last = credited.net - line.net == original.net
    rows = []
    for row in InvoiceTax.objects.filter(line=original).select_related("tax").order_by("id"):
        base_done, done = credited.taxes.get((row.tax_id, row.rate), (ZERO, ZERO))
        if last or not whole:
            base, amount = row.base - base_done, row.amount - done
        else:
            share = -line.net / whole
            base, amount = round_to(row.base * share, decimals), round_to(row.amount * share, decimals)
        rows.append(
            TaxAmount(
                line=line,
                tax=row.tax,
                rate=row.rate,
                included=row.included,
                recoverable=row.recoverable,
                base=-base,
                amount=-amount,
                base_company=round_money(-base * invoice.rate, invoice.company.currency),
                amount_company=round_money(-amount * invoice.rate, invoice.company.currency),
            )
        )
    return rows


def _total(note: Invoice, lines: Sequence[InvoiceLine], rows: Sequence[TaxAmount]) -> None:
    tax: dict[UUID, Decimal] = {}
    for row in rows:
        tax[row.line.pk] = tax.get(row.line.pk, ZERO) + row.amount
    for line in lines:
        line.gross = line.net + tax.get(line.pk, ZERO)
    note.net_total = sum((line.net for line in lines), ZERO)
    note.tax_total = sum((row.amount for row in rows), ZERO)
    note.gross_total = note.net_total + note.tax_total


@service(permission="finance.invoice_reverse")
def reverse_invoice(*, invoice: Invoice, posting_date: date | None = None, reason: str) -> Invoice:
    """Take a posted invoice back as a mistake: a credit note for the whole of it, and its order can be billed again.

    What was settled must be undone first; an invoice that was credited in part is credited to its end instead.
    """
    invoice = lock_for_update(Invoice.objects.filter(pk=invoice.pk))[0]
    check_move(invoice, Invoice.State.REVERSED)
    if Invoice.objects.filter(corrects=invoice).exists():
        raise Refused("STATE", _("This invoice is credited already; credit the rest of it."), "invoice")
    if OpenItem.objects.filter(document=invoice.pk).exclude(residual=F("amount")).exists():
        raise Refused("STATE", _("Undo what settled this invoice first."), "invoice")
    note = credit_invoice(invoice=invoice, document_date=posting_date, reason=reason)
    invoice.reason = reason
    move(invoice, Invoice.State.REVERSED, also=("reason",))
    post_invoice(invoice=note, posting_date=posting_date)
    billed = [line for line in InvoiceLine.objects.filter(document=note) if line.source_line]
    link_many(
        [
            Link(
                type="invoices",
                source_kind=line.source_kind,
                source_document=line.source_document,
                source_line=line.source_line,
                target_kind=InvoiceLine._meta.label,
                target_document=note.pk,
                target_line=line.pk,
                base_quantity=line.base_quantity,
                amount=line.net,
                currency=note.currency,
            )
            for line in billed
        ]
    )
    return invoice
