"""What an invoice means in the ledger: the party's account, revenue or cost, tax, and the cost of the goods."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from tessera.api import minor_units, round_money, spread

from modules.base.api import LineKind, instalments, role_of, standing_for
from modules.erp.finance.models import Control, Invoice, InvoiceLine, InvoiceTax, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.bills import EXPENSE, RECEIVED, bill_lines, category_of, posted_line
from modules.erp.finance.services.interim import cost_lines, invoiced_of, pools_of
from modules.erp.finance.services.invoices import ROLES
from modules.erp.finance.services.posting import PostingLine

ZERO = Decimal(0)
Direction, Kind = Invoice.Direction, Invoice.Kind
REVENUE = {
    LineKind.ITEM: "revenue",
    LineKind.SERVICE: "revenue_service",
    LineKind.CHARGE: "revenue_charge",
    LineKind.DISCOUNT: "sales_discount",
    LineKind.ADVANCE: "advance_invoiced",
}


def invoice_entry_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[InvoiceTax], finder: AccountFinder
) -> list[PostingLine]:
    """Return the lines of an invoice's entry: control account first, then tax, then what it is about."""
    sale = invoice.direction == Direction.SALE
    finder.load(_purposes(invoice, lines, taxes), (line.item_id for line in lines))
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


def _purposes(invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[InvoiceTax]) -> Iterator[str]:
    """Yield the purposes that the lines of this invoice may ask an account for."""
    sale = invoice.direction == Direction.SALE
    by_kind = REVENUE if sale else EXPENSE
    yield "receivable" if sale else "payable"
    if taxes:
        yield "tax_output" if sale else "tax_input"
    yield from {by_kind[LineKind(line.kind)] for line in lines if line.kind in by_kind}
    if sale and any(line.source_line and line.item_id for line in lines):
        yield from ("cogs", "shipped_not_invoiced")
    if not sale and any(line.receipt_line for line in lines):
        yield from RECEIVED


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
    role = None
    if finder.minds_party_group(purpose):
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
            party=standing_for(invoice.payer or invoice.party).pk,
            due_date=part.due_date,
        )
        for part, company in zip(parts, companies, strict=True)
    ]


def _revenue_lines(
    invoice: Invoice, lines: Sequence[InvoiceLine], values: dict[UUID, tuple[Decimal, Decimal]], finder: AccountFinder
) -> list[PostingLine]:
    advance = invoice.kind == Kind.ADVANCE
    return [
        posted_line(
            invoice, line, "advance_invoiced" if advance else REVENUE[LineKind(line.kind)], Side.CREDIT, values[line.pk], finder
        )
        for line in lines
        if line.pk in values
    ]


def _cost_of(invoice: Invoice, lines: Sequence[InvoiceLine], finder: AccountFinder) -> list[PostingLine]:
    items: dict[UUID, Any] = {
        line.source_line: SimpleNamespace(item=line.item_id, item_category=category_of(line), dimension_set=line.dimension_set_id)
        for line in lines
        if line.source_line and line.item_id
    }
    if not items:
        return []
    pools = pools_of(finder.book, Control.SHIPPED_NOT_INVOICED, items)
    return cost_lines(finder, pools, invoiced_of(items, invoice.pk), items, minor_units(finder.book.currency))
