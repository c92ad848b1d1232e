"""Invoices before they are posted: by hand, from what an order lets be billed, and as corrections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, current, lock_for_update, service

from modules.base.api import (
    AppliedTax,
    Company,
    Conversions,
    DimensionSet,
    Item,
    LineKind,
    Party,
    PartyRole,
    PaymentTerm,
    Tax,
    TaxAmount,
    Unit,
    apply_taxes,
    choose_taxes,
    expected_quantities,
    price_document,
    rate_on,
    role_of,
    snapshot_of,
    standing_for,
)
from modules.erp.finance.models import Account, Invoice, InvoiceLine, InvoiceTax
from modules.erp.finance.services.digits import check_amount, check_currency, check_day, check_rate, refuse_misfits
from modules.erp.finance.services.setup import today_of

ZERO = Decimal(0)
State, Direction, Kind = Invoice.State, Invoice.Direction, Invoice.Kind
ROLES = {Direction.SALE: PartyRole.Role.CUSTOMER, Direction.PURCHASE: PartyRole.Role.SUPPLIER}


@dataclass(frozen=True, kw_only=True)
class InvoiceLineInput:
    """A line by hand. Without `taxes` the tax rules choose; an empty list means none.

    `receipt` and `receipt_line` name what a supplier bills.
    """

    kind: LineKind = LineKind.ITEM
    item: Item | None = None
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit: Unit | None = None
    unit_price: Decimal
    discount: Decimal = ZERO
    taxes: list[Tax] | None = None
    account: Account | None = None
    receipt: UUID | None = None
    receipt_line: UUID | None = None
    dimension_set: DimensionSet | None = None


@service(permission="finance.invoice_create")
def create_invoice(
    *,
    company: Company,
    direction: Invoice.Direction,
    party: Party,
    lines: list[InvoiceLineInput],
    kind: Invoice.Kind = Kind.INVOICE,
    document_date: date | None = None,
    posting_date: date | None = None,
    currency: str = "",
    rate: Decimal | None = None,
    price_includes_tax: bool | None = None,
    payment_term: PaymentTerm | None = None,
    reference: str = "",
    note: str = "",
) -> Invoice:
    """Draft an invoice, debit note or advance invoice by hand, or one from a supplier."""
    if kind == Kind.CREDIT_NOTE:
        raise Refused("INVALID", _("A credit note is made from what it corrects."), "kind")
    if not lines:
        raise Refused("REQUIRED", _("An invoice has lines."), "lines")
    party = standing_for(party)
    role = role_of(party=party.pk, company=company.pk, role=ROLES[direction])
    currency = check_currency(currency or getattr(role, "currency", "") or company.currency, "currency")
    on = check_day(document_date or today_of(company), "document_date")
    invoice = begin_invoice(company, direction, kind, party, on, currency, rate)
    invoice.posting_date = posting_date
    invoice.price_includes_tax = company.prices_include_tax if price_includes_tax is None else price_includes_tax
    invoice.payment_term = payment_term or getattr(role, "payment_term", None)
    invoice.reference, invoice.note = reference, note
    check_rate(invoice.rate, "rate")
    refuse_misfits(invoice)
    made = [_line_of(invoice, place, line) for place, line in enumerate(lines, start=1)]
    _refuse_unknown_receipts(made)
    _count_base_quantities(made)
    taxes = _taxes_of(invoice, made, lines, getattr(role, "tax_status", ""))
    save_invoice(invoice, made, price_document(invoice, made, taxes, company.currency))
    return invoice


def begin_invoice(
    company: Company, direction: str, kind: str, party: Party, on: date, currency: str, rate: Decimal | None
) -> Invoice:
    """Return the header of a draft, not yet saved; without `rate` it is the one in force on the day."""
    quoted = rate_on(currency=currency, quote=company.currency, on=on) if rate is None else None
    return Invoice(
        company=company,
        direction=direction,
        kind=kind,
        party=party,
        party_snapshot=snapshot_of(party),
        document_date=on,
        currency=currency,
        rate=quoted.rate if quoted else rate,
        rate_date=quoted.date if quoted else on,
        rate_source=quoted.source if quoted else "manual",
        owner=current().actor.member_id,
    )


def _line_of(invoice: Invoice, place: int, line: InvoiceLineInput) -> InvoiceLine:
    if line.kind in (LineKind.ITEM, LineKind.SERVICE) and line.item is None and not line.description:
        raise Refused("REQUIRED", _("A line names an item or says what it is."), "lines", str(place - 1), "item")
    if line.quantity <= 0:
        raise Refused("INVALID", _("A quantity is above zero."), "lines", str(place - 1), "quantity")
    if line.receipt_line and (line.receipt is None or line.item is None):
        raise Refused("REQUIRED", _("A billed receipt line comes with its receipt and item."), "lines", str(place - 1), "receipt")
    made = InvoiceLine(
        document=invoice,
        position=place,
        kind=line.kind,
        item=line.item,
        description=line.description or (line.item.name if line.item else ""),
        quantity=line.quantity,
        unit=line.unit or (line.item.unit if line.item else None),
        unit_price=line.unit_price,
        discount=line.discount,
        account=line.account,
        receipt_document=line.receipt,
        receipt_line=line.receipt_line,
        dimension_set=line.dimension_set,
    )
    refuse_misfits(made, "lines", str(place - 1))
    if not 0 <= line.discount <= 1:
        raise Refused("INVALID", _("A discount is a fraction between 0 and 1."), "lines", str(place - 1), "discount")
    for rate in (Decimal(1), invoice.rate):
        check_amount(line.quantity * line.unit_price * rate, "lines", str(place - 1), "unit_price")
    return made


def _refuse_unknown_receipts(lines: Sequence[InvoiceLine]) -> None:
    billed = {line.receipt_line: place for place, line in enumerate(lines) if line.receipt_line}
    if not billed or not expected_quantities.is_answered:
        return
    for unknown in billed.keys() - expected_quantities(lines=list(billed)).keys():
        raise Refused("NOT_FOUND", _("There is no such receipt line."), "lines", str(billed[unknown]), "receipt_line")


def _count_base_quantities(lines: Sequence[InvoiceLine]) -> None:
    known = Conversions([line.item for line in lines if line.item])
    for place, line in enumerate(lines):
        try:
            line.base_quantity = known.base_quantity(line.item, line.quantity, line.unit_id) if line.item else line.quantity
        except Refused as refusal:
            raise refusal.within("lines", str(place)) from refusal


def _taxes_of(
    invoice: Invoice, lines: Sequence[InvoiceLine], given: Sequence[InvoiceLineInput], tax_status: str
) -> dict[UUID, list[AppliedTax]]:
    """Return the taxes of each line: those it names, else what the rules choose for its item."""
    named = {tax.pk for line in given for tax in line.taxes or ()}
    rates = apply_taxes(named, invoice.document_date) if named else {}
    categories = {
        line.item.tax_category if line.item else "" for line, own in zip(lines, given, strict=True) if own.taxes is None
    }
    chosen = choose_taxes(
        side="sale" if invoice.direction == Direction.SALE else "purchase",
        country=invoice.company.country,
        tax_status=tax_status,
        tax_categories=categories,
        on=invoice.document_date,
    )
    found: dict[UUID, list[AppliedTax]] = {}
    for place, (line, own) in enumerate(zip(lines, given, strict=True)):
        if own.taxes is None:
            by_rule = chosen.get(line.item.tax_category if line.item else "")
            found[line.pk] = [by_rule] if by_rule else []
            continue
        if missing := [tax for tax in own.taxes if tax.pk not in rates]:
            raise Refused("NO_RATE", _("{tax} has no rate on this day.").format(tax=missing[0]), "lines", str(place), "taxes")
        found[line.pk] = [rates[tax.pk] for tax in own.taxes]
    return found


def save_invoice(invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[TaxAmount]) -> None:
    """Write a priced draft with its lines and tax rows."""
    if invoice.kind != Kind.CREDIT_NOTE and invoice.gross_total < 0:
        raise Refused("INVALID", _("The total of an invoice is not negative; make a credit note."), "lines")
    check_amount(invoice.gross_total * max(invoice.rate, Decimal(1)), "lines")
    invoice.save()
    InvoiceLine.objects.bulk_create(lines)
    by_line = {line.pk: line for line in lines}
    InvoiceTax.objects.bulk_create(InvoiceTax(document=invoice, line=by_line[row.line.pk], **row.values()) for row in taxes)


@service(permission="finance.invoice_delete")
def delete_invoice(*, invoice: Invoice) -> None:
    """Throw a draft away; it never had a number."""
    invoice = lock_for_update(Invoice.objects.filter(pk=invoice.pk))[0]
    if invoice.state != State.DRAFT:
        raise Refused("STATE", _("A posted invoice stays; correct it with a credit note."), "state")
    invoice.taxes.all().delete()
    invoice.lines.all().delete()
    invoice.delete()
