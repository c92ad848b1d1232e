"""Posting an invoice: its entry, its open items, what it corrects or bills, and what it settles at once."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Link, Refused, late, link_many, lock_for_update, move, publish, service

from modules.erp.finance.events import CreditNotePosted, InvoicePosted
from modules.erp.finance.models import Entry, Invoice, InvoiceLine, InvoiceTax, OpenItem, TaxLine
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.invoice_entries import invoice_entry_lines
from modules.erp.finance.services.items import open_items_for, settle_all
from modules.erp.finance.services.posting import journal_of, number_document, write_entry

Direction, Kind, State = Invoice.Direction, Invoice.Kind, Invoice.State
PREFIX = {
    (Direction.SALE, Kind.INVOICE): "INV",
    (Direction.SALE, Kind.CREDIT_NOTE): "CN",
    (Direction.SALE, Kind.DEBIT_NOTE): "DN",
    (Direction.SALE, Kind.ADVANCE): "ADV",
    (Direction.PURCHASE, Kind.INVOICE): "BILL",
    (Direction.PURCHASE, Kind.CREDIT_NOTE): "BCN",
    (Direction.PURCHASE, Kind.DEBIT_NOTE): "BDN",
    (Direction.PURCHASE, Kind.ADVANCE): "BADV",
}


@service(permission="finance.invoice_post")
def post_invoice(*, invoice: Invoice, posting_date: date | None = None) -> Invoice:
    """Post a draft: its number, its entry, an open item per instalment, its tax rows.

    The control line is the converted total; the other lines are converted one by one and the residual
    goes to the largest, never to tax. A credit note settles the invoice it corrects, an invoice takes
    the advances that were paid for its order.
    """
    rows = lock_for_update(Invoice.objects.filter(pk=invoice.pk).select_related("company", "party", "payer", "payment_term"))
    if not rows:
        raise Refused("NOT_FOUND", _("There is no such invoice."), "invoice")
    invoice = rows[0]
    invoice.posting_date = posting_date or invoice.posting_date or invoice.document_date
    invoice.tax_point_date = invoice.tax_point_date or invoice.posting_date
    move(invoice, State.POSTED, also=("posting_date", "tax_point_date"))
    lines = list(InvoiceLine.objects.filter(document=invoice).order_by("position", "id").select_related("item", "account"))
    taxes = list(InvoiceTax.objects.filter(document=invoice).select_related("tax").order_by("id"))
    journal = journal_of(invoice.company_id, "sale" if invoice.direction == Direction.SALE else "purchase")
    entry, written = write_entry(
        journal=journal,
        posting_date=invoice.posting_date,
        document_date=invoice.document_date,
        lines=invoice_entry_lines(invoice, lines, taxes, AccountFinder(journal.book)),
        source_kind=Invoice._meta.label,
        source_id=invoice.pk,
        purpose="invoice",
        summary=invoice.reference,
    )
    kind = OpenItem.Kind.CREDIT if invoice.kind == Kind.CREDIT_NOTE else OpenItem.Kind.INVOICE
    items = open_items_for(written, kind=kind, document_kind=Invoice._meta.label, document=invoice.pk, order=_order_of(lines))
    _write_taxes(invoice, entry, taxes)
    _link(invoice, lines)
    number_document(invoice, entry, "invoice", PREFIX[Direction(invoice.direction), Kind(invoice.kind)])
    _settle_known(invoice, items)
    _tell(invoice, lines)
    return invoice


def _order_of(lines: Sequence[InvoiceLine]) -> UUID | None:
    return next((line.source_document for line in lines if line.source_document), None)


def _write_taxes(invoice: Invoice, entry: Entry, taxes: Sequence[InvoiceTax]) -> None:
    kept = ("tax_id", "rate", "included", "recoverable", "base", "amount", "base_company", "amount_company")
    TaxLine.objects.bulk_create(
        TaxLine(
            entry=entry,
            currency=invoice.currency,
            tax_point_date=invoice.tax_point_date,
            period=entry.period,
            document_line=row.line_id,
            **{name: getattr(row, name) for name in kept},
        )
        for row in taxes
    )


def _link(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Say what each line invoices, or corrects."""
    made: list[Link] = []
    given: dict[str, Any] = {"target_kind": InvoiceLine._meta.label, "target_document": invoice.pk, "currency": invoice.currency}
    for line in lines:
        if line.corrects_id:
            made.append(
                Link(
                    type="corrects",
                    source_kind=InvoiceLine._meta.label,
                    source_document=invoice.corrects_id,
                    source_line=line.corrects_id,
                    target_line=line.pk,
                    base_quantity=-line.base_quantity,
                    amount=-line.net,
                    **given,
                )
            )
            continue
        if line.source_line:
            key = (line.source_kind, line.source_document, line.source_line)
            made.append(_invoices(line, *key, given))
        elif line.receipt_line:
            made.append(_invoices(line, "stock.ReceiptLine", line.receipt_document, line.receipt_line, given))
    link_many(made)


def _invoices(line: InvoiceLine, kind: str, document: Any, source: Any, given: dict[str, Any]) -> Link:
    return Link(
        type="invoices",
        source_kind=kind,
        source_document=document,
        source_line=source,
        target_line=line.pk,
        base_quantity=line.base_quantity,
        amount=line.net,
        **given,
    )


def _settle_known(invoice: Invoice, items: Sequence[OpenItem]) -> None:
    """Settle a credit note with its invoice, and an invoice with the advances paid for its order."""
    against = Q(document=invoice.corrects_id) if invoice.corrects_id else Q(order=invoice.source, kind=OpenItem.Kind.ADVANCE)
    if not (invoice.corrects_id or invoice.source):
        return
    found = list(
        OpenItem.objects.filter(against, company=invoice.company_id, party__in={item.party_id for item in items}).exclude(
            residual=0
        )
    )
    found = [item for item in found if item.currency == invoice.currency and not item.blocked]
    both = [*items, *found]
    settle_all([i for i in both if i.residual > 0], [i for i in both if i.residual < 0], on=invoice.posting_date)


def _tell(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    documents = sorted({line.source_document for line in lines if line.source_document}, key=str)
    values: dict[str, Any] = {
        "subject": invoice.pk,
        "company": invoice.company_id,
        "party": invoice.party_id,
        "number": late(lambda: invoice.number),
        "direction": invoice.direction,
        "posting_date": invoice.posting_date,
        "documents": documents,
    }
    if invoice.kind == Kind.CREDIT_NOTE:
        publish(CreditNotePosted(corrects=invoice.corrects_id, **values), invoice=invoice)
    else:
        publish(InvoicePosted(**values), invoice=invoice)
