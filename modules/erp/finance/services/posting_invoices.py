"""Posting an invoice: receivable or payable, revenue or cost, tax, and the cost of the goods."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import (
    Link,
    Refused,
    assign_number,
    late,
    link_many,
    lock_for_update,
    minor_units,
    move,
    publish,
    round_money,
    service,
    spread,
)

from modules.base.api import LineKind, instalments, role_of
from modules.erp.finance.events import CreditNotePosted, InvoicePosted
from modules.erp.finance.models import Control, Entry, Invoice, InvoiceLine, InvoiceTax, OpenItem, Side, TaxLine
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.bills import bill_lines
from modules.erp.finance.services.interim import cost_lines, invoiced_of, pools_of
from modules.erp.finance.services.invoices import ROLES
from modules.erp.finance.services.items import open_items_for, settle_all
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry

ZERO = Decimal(0)
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
REVENUE = {
    LineKind.ITEM: "revenue",
    LineKind.SERVICE: "revenue_service",
    LineKind.CHARGE: "revenue_charge",
    LineKind.DISCOUNT: "sales_discount",
    LineKind.ADVANCE: "advance_invoiced",
}


@service(permission="finance.invoice_post")
def post_invoice(*, invoice: Invoice, posting_date: date | None = None) -> Invoice:
    """Post a draft: its number, its entry, an open item per instalment, its tax rows.

    The control line is the converted total; the other lines are converted one by one and the residual
    goes to the largest, never to tax. A credit note settles the invoice it corrects, an invoice takes
    the advances that were paid for its order.
    """
    rows = lock_for_update(Invoice.objects.filter(pk=invoice.pk).select_related("company", "party", "payment_term", "corrects"))
    if not rows:
        raise Refused("NOT_FOUND", _("There is no such invoice."), "invoice")
    invoice = rows[0]
    invoice.posting_date = posting_date or invoice.posting_date or invoice.document_date
    invoice.tax_point_date = invoice.tax_point_date or invoice.posting_date
    move(invoice, State.POSTED, also=("posting_date", "tax_point_date"))
    lines = list(InvoiceLine.objects.filter(document=invoice).order_by("position", "id").select_related("item", "account"))
    taxes = list(InvoiceTax.objects.filter(document=invoice).select_related("tax").order_by("id"))
    journal = journal_of(invoice.company_id, "sale" if invoice.direction == Direction.SALE else "purchase")
    finder = AccountFinder(journal.book)
    entry, written = write_entry(
        journal=journal,
        posting_date=invoice.posting_date,
        document_date=invoice.document_date,
        lines=_posting_lines(invoice, lines, taxes, finder),
        source_kind=Invoice._meta.label,
        source_id=invoice.pk,
        purpose="invoice",
        summary=invoice.reference,
    )
    kind = OpenItem.Kind.CREDIT if invoice.kind == Kind.CREDIT_NOTE else OpenItem.Kind.INVOICE
    items = open_items_for(written, kind=kind, document_kind=Invoice._meta.label, document=invoice.pk, order=_order_of(lines))
    _write_taxes(invoice, entry, taxes)
    _link(invoice, lines)
    prefix = PREFIX[Direction(invoice.direction), Kind(invoice.kind)]
    scope = ("invoice", invoice.company_id, prefix, invoice.posting_date.year)
    assign_number(invoice, scope=scope, pattern=prefix + "-{year}-{n:05}", on=invoice.posting_date)
    _settle_known(invoice, items)
    _tell(invoice, lines)
    return invoice


def _order_of(lines: Sequence[InvoiceLine]) -> UUID | None:
    return next((line.source_document for line in lines if line.source_document), None)


def _posting_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[InvoiceTax], finder: AccountFinder
) -> list[PostingLine]:
    sale = invoice.direction == Direction.SALE
    book_currency = finder.book.currency
    total = round_money(invoice.gross_total * invoice.rate, book_currency)
    values, tax_sums = _company_values(invoice, lines, taxes, total, book_currency)
    made = _control_lines(invoice, finder, total)
    body = _revenue_lines(invoice, lines, values, finder) if sale else bill_lines(invoice, lines, values, finder)
    side, purpose = (Side.CREDIT, "tax_output") if sale else (Side.DEBIT, "tax_input")
    for (tax, _rate), (amount, company) in tax_sums.items():
        made.append(
            PostingLine(
                account=finder.account(purpose, tax=tax),
                side=side,
                amount=company,
                amount_currency=amount,
                currency=invoice.currency,
                rate=invoice.rate,
                purpose=purpose,
                party=invoice.party_id,
            )
        )
    made += body
    if sale:
        made += _cost_of(invoice, lines, finder)
    return made


def _company_values(
    invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[InvoiceTax], total: Decimal, currency: str
) -> tuple[dict[UUID, tuple[Decimal, Decimal]], dict[tuple[UUID, Decimal], tuple[Decimal, Decimal]]]:
    """Return (amount, in the book's currency) per line and per recoverable tax; together they are the total.

    What cannot be recovered is cost of its line.
    """
    values = {line.pk: [line.net, round_money(line.net * invoice.rate, currency)] for line in lines if line.kind != LineKind.TEXT}
    sums: dict[tuple[UUID, Decimal], tuple[Decimal, Decimal]] = {}
    for row in taxes:
        if invoice.direction == Direction.PURCHASE and not row.recoverable:
            values[row.line_id][0] += row.amount
            values[row.line_id][1] += row.amount_company
            continue
        amount, company = sums.get((row.tax_id, row.rate), (ZERO, ZERO))
        sums[row.tax_id, row.rate] = (amount + row.amount, company + row.amount_company)
    residual = total - sum((pair[1] for pair in values.values()), ZERO) - sum((pair[1] for pair in sums.values()), ZERO)
    if residual:
        largest = max(values, key=lambda key: (abs(values[key][1]), str(key)))
        values[largest][1] += residual
    return {key: (pair[0], pair[1]) for key, pair in values.items()}, sums


def _control_lines(invoice: Invoice, finder: AccountFinder, total: Decimal) -> list[PostingLine]:
    """Return one line per instalment on the receivable or payable account."""
    sale = invoice.direction == Direction.SALE
    purpose = "receivable" if sale else "payable"
    role = role_of(party=invoice.party_id, company=invoice.company_id, role=ROLES[Direction(invoice.direction)])
    account = finder.account(purpose, party_group=getattr(role, "account_group", ""))
    term = None if invoice.kind == Kind.CREDIT_NOTE else invoice.payment_term
    parts = instalments(
        total=invoice.gross_total, currency=invoice.currency, term=term, base_dates={"invoice": invoice.document_date}
    )
    parts = [part for part in parts if part.amount] or parts[:1]
    companies = spread(total, [abs(part.amount) for part in parts], minor_units(finder.book.currency))
    return [
        PostingLine(
            account=account,
            side=Side.DEBIT if sale else Side.CREDIT,
            amount=company,
            amount_currency=part.amount,
            currency=invoice.currency,
            rate=invoice.rate,
            purpose=purpose,
            party=invoice.payer_id or invoice.party_id,
            due_date=part.due_date,
        )
        for part, company in zip(parts, companies, strict=True)
    ]


def _revenue_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], values: dict[UUID, tuple[Decimal, Decimal]], finder: AccountFinder
) -> list[PostingLine]:
    made = []
    for line in lines:
        if line.pk not in values:
            continue
        amount, company = values[line.pk]
        purpose = "advance_invoiced" if invoice.kind == Kind.ADVANCE else REVENUE[LineKind(line.kind)]
        made.append(
            PostingLine(
                account=line.account or finder.account(purpose, item=line.item_id, item_category=_category(line)),
                side=Side.CREDIT,
                amount=company,
                amount_currency=amount,
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
        )
    return made


def _category(line: InvoiceLine) -> UUID | None:
    return line.item.category_id if line.item else None


def _cost_of(invoice: Invoice, lines: Sequence[InvoiceLine], finder: AccountFinder) -> list[PostingLine]:
    items: dict[UUID, Any] = {
        line.source_line: SimpleNamespace(item=line.item_id, item_category=_category(line), dimension_set=line.dimension_set_id)
        for line in lines
        if line.source_line and line.item_id
    }
    if not items:
        return []
    pools = pools_of(finder.book, Control.SHIPPED_NOT_INVOICED, items)
    return cost_lines(finder, pools, invoiced_of(items, invoice.pk), items, minor_units(finder.book.currency))


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
