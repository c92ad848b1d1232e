"""Net, tax and gross of a document: one rule for quotes, orders and invoices.

A line's net is rounded once; an inclusive price is split by `gross - round(gross / (1 + rate))`;
a tax that rounds per document puts what rounding leaves on its largest line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from tessera.api import line_net, round_money

from modules.base.models import DocumentLine, LineKind, Tax
from modules.base.services.taxes import AppliedTax

ZERO = Decimal(0)


@dataclass
class TaxAmount:
    """One tax row of a line, in both currencies; save it as the document's own tax model."""

    line: DocumentLine
    tax: Tax
    rate: Decimal
    included: bool
    recoverable: bool
    base: Decimal
    amount: Decimal
    base_company: Decimal = ZERO
    amount_company: Decimal = ZERO

    def values(self) -> dict[str, Any]:
        """Return the columns of a `DocumentTax` row, without its keys to document and line."""
        names = ("tax", "rate", "included", "recoverable", "base", "amount", "base_company", "amount_company")
        return {name: getattr(self, name) for name in names}


def price_document(
    document: Any, lines: Sequence[DocumentLine], taxes_by_line: Mapping[UUID, Sequence[AppliedTax]], company_currency: str
) -> list[TaxAmount]:
    """Set net and gross of every line and the totals of the document; return the tax rows.

    Nothing is saved. `taxes_by_line` is by the line's id; lines without taxes may be missing.
    """
    rows: list[TaxAmount] = []
    for line in lines:
        taxes = taxes_by_line.get(line.pk, ()) if line.kind != LineKind.TEXT else ()
        rows += _price_line(line, taxes, document.currency, document.price_includes_tax)
    _round_per_document(rows, document.currency)
    by_line: dict[UUID, Decimal] = {}
    for row in rows:
        by_line[row.line.pk] = by_line.get(row.line.pk, ZERO) + row.amount
        row.base_company = round_money(row.base * document.rate, company_currency)
        row.amount_company = round_money(row.amount * document.rate, company_currency)
    for line in lines:
        tax = by_line.get(line.pk, ZERO)
        if document.price_includes_tax:
            line.net = line.gross - tax
        else:
            line.gross = line.net + tax
    document.net_total = sum((line.net for line in lines), ZERO)
    document.tax_total = sum((row.amount for row in rows), ZERO)
    document.gross_total = document.net_total + document.tax_total
    return rows


def _price_line(line: DocumentLine, taxes: Sequence[AppliedTax], currency: str, included: bool) -> list[TaxAmount]:
    if line.kind == LineKind.TEXT:
        line.net = line.gross = ZERO
        return []
    value = line_net(line.quantity, line.unit_price, line.discount, currency)
    if line.kind == LineKind.DISCOUNT:
        value = -abs(value)
    line.net = line.gross = value
    total_rate = sum((applied.rate for applied in taxes), ZERO)
    base = value / (1 + total_rate) if included else value
    return [
        TaxAmount(
            line=line,
            tax=applied.tax,
            rate=applied.rate,
            included=included,
            recoverable=applied.tax.recoverable,
            base=round_money(base, currency),
            amount=_tax_of_line(value, base, applied, total_rate, included, currency),
        )
        for applied in taxes
    ]


def _tax_of_line(
    value: Decimal, base: Decimal, applied: AppliedTax, total_rate: Decimal, included: bool, currency: str
) -> Decimal:
    if included and applied.rate == total_rate:
        return value - round_money(base, currency)
    return round_money(base * applied.rate, currency)


def _round_per_document(rows: list[TaxAmount], currency: str) -> None:
    """Correct the rows of each tax that rounds per document, so that they sum to the rounded whole."""
    per_tax: dict[UUID, list[TaxAmount]] = {}
    for row in rows:
        if row.tax.rounding == Tax.Rounding.DOCUMENT:
            per_tax.setdefault(row.tax.pk, []).append(row)
    for group in per_tax.values():
        if group[0].included:
            gross = sum((row.line.gross for row in group), ZERO)
            whole = gross - round_money(gross / (1 + group[0].rate), currency)
        else:
            whole = round_money(sum((row.base for row in group), ZERO) * group[0].rate, currency)
        largest = max(group, key=lambda row: abs(row.base))
        largest.amount += whole - sum((row.amount for row in group), ZERO)
