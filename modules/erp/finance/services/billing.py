"""Invoices of what orders let be billed: the parts of an order sum to it, to the cent."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, round_money, service

from modules.base.api import (
    AppliedTax,
    Billable,
    BillableTax,
    Company,
    LineKind,
    Party,
    TaxAmount,
    apply_taxes,
    billable,
    price_document,
    standing_for,
)
from modules.erp.finance.models import Invoice, InvoiceLine
from modules.erp.finance.services.digits import check_day
from modules.erp.finance.services.invoices import begin_invoice, save_invoice
from modules.erp.finance.services.setup import today_of

ZERO = Decimal(0)


@service(permission="finance.invoice_create")
def create_invoice_for(*, document: UUID, document_date: date | None = None, posting_date: date | None = None) -> Invoice:
    """Draft the invoice of everything that an order lets be billed now; its parts sum to the order.

    Refuses with NOT_FOUND where nobody knows the document, LIMIT where nothing is left to bill, and
    STATE while an earlier draft of it waits.
    """
    found = billable(document=document)
    if found is None:
        raise Refused("NOT_FOUND", _("There is no such document to invoice."), "document")
    if Invoice.objects.filter(source=document, state=Invoice.State.DRAFT, corrects=None).exists():
        raise Refused("STATE", _("There is a draft invoice of this document; post it or delete it first."), "document")
    if not found.lines:
        raise Refused("LIMIT", _("There is nothing left to invoice."), "document")
    company = Company.objects.get(pk=found.company)
    party = standing_for(Party.objects.get(pk=found.party))
    on = check_day(document_date or today_of(company), "document_date")
    rate = Decimal(1) if found.currency == company.currency else None
    invoice = begin_invoice(company, Invoice.Direction.SALE, Invoice.Kind.INVOICE, party, on, found.currency, rate)
    invoice.posting_date = posting_date
    invoice.price_includes_tax = found.price_includes_tax
    invoice.payment_term_id, invoice.bill_to_id = found.payment_term, found.bill_to
    invoice.owner, invoice.org_unit_id = found.owner, found.org_unit
    invoice.reference = found.number
    invoice.source_kind, invoice.source = found.kind, found.document
    lines = _billed_lines(invoice, found)
    save_invoice(invoice, lines, _price_billed(invoice, lines, found))
    return invoice


def _billed_lines(invoice: Invoice, found: Billable) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            document=invoice,
            position=place,
            kind=line.line_kind,
            item_id=line.item,
            description=line.description,
            quantity=line.quantity,
            unit_id=line.unit,
            base_quantity=line.base_quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            net=line.net,
            source_kind=line.kind,
            source_document=line.document,
            source_line=line.line,
            dimension_set_id=line.dimension_set,
        )
        for place, line in enumerate(found.lines, start=1)
    ]


def _price_billed(invoice: Invoice, lines: Sequence[InvoiceLine], found: Billable) -> list[TaxAmount]:
    """Put the order's taxes on the lines: the parts it gives, or anew where a tax has another rate by now.

    What is taxed anew keeps the price that was agreed: the gross where prices include tax, else the net.
    """
    rates = apply_taxes({row.tax for line in found.lines for row in line.taxes}, invoice.document_date)
    rows: list[TaxAmount] = []
    anew: list[Any] = []
    taxes: dict[UUID, list[AppliedTax]] = {}
    for line, given in zip(lines, found.lines, strict=True):
        if missing := [row.tax for row in given.taxes if row.tax not in rates]:
            raise Refused("NO_RATE", _("{tax} has no rate on this day.").format(tax=missing[0]), "document_date")
        line.gross = given.net + sum((row.amount for row in given.taxes), ZERO)
        if all(rates[row.tax].rate == row.rate for row in given.taxes):
            rows += [_part_of_tax(invoice, line, rates[row.tax], row) for row in given.taxes]
            continue
        taxes[line.pk] = [rates[row.tax] for row in given.taxes]
        price = line.gross if invoice.price_includes_tax else line.net
        anew.append(SimpleNamespace(pk=line.pk, kind=LineKind.CHARGE, quantity=Decimal(1), unit_price=price, discount=ZERO))
    rows += _tax_anew(invoice, lines, anew, taxes)
    invoice.net_total = sum((line.net for line in lines), ZERO)
    invoice.gross_total = sum((line.gross for line in lines), ZERO)
    invoice.tax_total = invoice.gross_total - invoice.net_total
    return rows


def _part_of_tax(invoice: Invoice, line: InvoiceLine, applied: AppliedTax, given: BillableTax) -> TaxAmount:
    currency = invoice.company.currency
    return TaxAmount(
        line=line,
        tax=applied.tax,
        rate=given.rate,
        included=invoice.price_includes_tax,
        recoverable=applied.tax.recoverable,
        base=given.base,
        amount=given.amount,
        base_company=round_money(given.base * invoice.rate, currency),
        amount_company=round_money(given.amount * invoice.rate, currency),
    )


def _tax_anew(
    invoice: Invoice, lines: Sequence[InvoiceLine], prices: Sequence[Any], taxes: dict[UUID, list[AppliedTax]]
) -> list[TaxAmount]:
    whole = SimpleNamespace(currency=invoice.currency, rate=invoice.rate, price_includes_tax=invoice.price_includes_tax)
    rows = price_document(whole, prices, taxes, invoice.company.currency)
    by_line = {line.pk: line for line in lines}
    for priced in prices:
        by_line[priced.pk].net, by_line[priced.pk].gross = priced.net, priced.gross
    return rows
