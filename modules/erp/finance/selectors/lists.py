"""Goods that wait for paper, and whether every control account is the sum of its subledger."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, Min, Q, Sum, TextField, When
from django.db.models.functions import Cast

from modules.base.api import Company, Item, Party, stock_values
from modules.erp.finance.models import Book, Control, OpenItem
from modules.erp.finance.selectors.balances import SIGNED, ZERO, posted_lines
from modules.erp.finance.services.interim import MOVED_ON
from modules.erp.finance.services.setup import leading_book


@dataclass(frozen=True, kw_only=True)
class WaitingRow:
    """Goods of one document line that moved and wait for their invoice or bill; `days` since they moved."""

    line: UUID | None
    item: Item | None
    party: Party | None
    quantity: Decimal
    value: Decimal
    since: date
    days: int


def received_not_billed(*, company: Company, on: date) -> list[WaitingRow]:
    """List what was received up to a day and not billed then, per line of a receipt, oldest first."""
    return _waiting(company, Control.RECEIVED_NOT_BILLED, on)


def shipped_not_invoiced(*, company: Company, on: date) -> list[WaitingRow]:
    """List what was shipped up to a day and not invoiced then, at cost, per line of an order, oldest first."""
    return _waiting(company, Control.SHIPPED_NOT_INVOICED, on)


def _waiting(company: Company, control: str, on: date) -> list[WaitingRow]:
    moved_on = MOVED_ON[Control(control)]
    sign = {"quantity": F("quantity"), "amount": F("amount")}
    signed = {name: Case(When(side=moved_on, then=value), default=-value) for name, value in sign.items()}
    rows = (
        posted_lines(leading_book(company))
        .filter(account__control=control, entry__posting_date__lte=on)
        .values("source_line", "item")
        .annotate(
            q=Sum(signed["quantity"]),
            v=Sum(signed["amount"]),
            since=Min("entry__posting_date", filter=Q(side=moved_on)),
            party_id=Min(Cast("party", TextField()), filter=Q(side=moved_on)),
        )
        .exclude(q=0, v=0)
        .order_by("since", "source_line")
    )
    rows = list(rows)
    items = Item.objects.in_bulk([row["item"] for row in rows if row["item"]])
    parties = Party.objects.in_bulk([row["party_id"] for row in rows if row["party_id"]])
    return [
        WaitingRow(
            line=row["source_line"],
            item=items.get(row["item"]),
            party=parties.get(UUID(row["party_id"])) if row["party_id"] else None,
            quantity=row["q"],
            value=row["v"],
            since=row["since"] or on,
            days=(on - (row["since"] or on)).days,
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class ReconciliationRow:
    """A kind of control account: what the ledger says and what its subledger says, as debits."""

    control: str
    ledger: Decimal
    subledger: Decimal
    difference: Decimal


def reconciliation(*, company: Company) -> list[ReconciliationRow]:
    """Compare every kind of control account with its subledger: stock, open items, goods that wait for paper."""
    book = leading_book(company)
    ledger = dict(posted_lines(book).exclude(account__control="").values_list("account__control").annotate(sum=Sum(SIGNED)))
    items = OpenItem.objects.filter(company=company, account__book=book)
    open_ = dict(items.values_list("account__control").annotate(sum=Sum("residual_company")))
    worth = stock_values(company=company.pk)
    found = []
    for control in Control.values:
        if not control or (control == Control.STOCK and worth is None):
            continue
        here = ledger.get(control, ZERO)
        if control == Control.STOCK and worth is not None:
            there = sum(worth.values(), ZERO)
        elif control in MOVED_ON:
            there = _on_lines(book, control)
        else:
            there = open_.get(control, ZERO)
        found.append(ReconciliationRow(control=control, ledger=here, subledger=there, difference=here - there))
    return found


def _on_lines(book: Book, control: str) -> Decimal:
    """Return what waits on document lines that are known."""
    lines = posted_lines(book).filter(account__control=control, source_line__isnull=False)
    return lines.aggregate(sum=Sum(SIGNED))["sum"] or ZERO
