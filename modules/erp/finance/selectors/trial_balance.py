"""Trial balance and the ledger of one account."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from modules.erp.finance.models import Account, Book, EntryLine, Side
from modules.erp.finance.selectors.balances import SIGNED, ZERO, check_order, posted_lines, sums_by_account

MOST_LINES = 5000


@dataclass(frozen=True, kw_only=True)
class TrialBalanceRow:
    """One account: balance before, turnovers, balance after; debit balances are positive."""

    account: Account
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


@dataclass(frozen=True, kw_only=True)
class TrialBalance:
    """All accounts that moved or hold a balance; debits equal credits, and the balances sum to zero."""

    rows: list[TrialBalanceRow]
    debit: Decimal
    credit: Decimal
    balance: Decimal


def trial_balance(*, book: Book, start: date, end: date) -> TrialBalance:
    """Return turnovers from `start` to `end` and balances before and after, per account."""
    check_order(start, end)
    moved = sums_by_account(book, start=start, end=end)
    before = {
        row["account"]: row["sum"]
        for row in posted_lines(book).filter(entry__posting_date__lt=start).values("account").annotate(sum=Sum(SIGNED))
    }
    rows = []
    for account in Account.objects.filter(book=book).order_by("code"):
        opening = before.get(account.pk, ZERO)
        debit, credit = moved.get(account.pk, (ZERO, ZERO))
        if opening or debit or credit:
            rows.append(
                TrialBalanceRow(account=account, opening=opening, debit=debit, credit=credit, closing=opening + debit - credit)
            )
    return TrialBalance(
        rows=rows,
        debit=sum((row.debit for row in rows), ZERO),
        credit=sum((row.credit for row in rows), ZERO),
        balance=sum((row.closing for row in rows), ZERO),
    )


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """One line of an account, and its debit balance after it."""

    line: EntryLine
    number: str
    posting_date: date
    debit: Decimal
    credit: Decimal
    balance: Decimal


@dataclass(frozen=True, kw_only=True)
class GeneralLedger:
    """The lines of an account in a span of days; `complete` is false where there were too many."""

    account: Account
    opening: Decimal
    rows: list[LedgerRow]
    closing: Decimal
    complete: bool


def general_ledger(*, account: Account, start: date, end: date) -> GeneralLedger:
    """Return the lines of an account from `start` to `end` with the running balance, oldest first."""
    check_order(start, end)
    mine = posted_lines(account.book).filter(account=account)
    balance = opening = mine.filter(entry__posting_date__lt=start).aggregate(sum=Sum(SIGNED))["sum"] or ZERO
    lines = mine.filter(entry__posting_date__range=(start, end)).select_related("entry", "party")
    found = list(lines.order_by("entry__posting_date", "entry__seq", "position")[: MOST_LINES + 1])
    rows = []
    for line in found[:MOST_LINES]:
        debit, credit = (line.amount, ZERO) if line.side == Side.DEBIT else (ZERO, line.amount)
        balance += debit - credit
        number, on = line.entry.number or "", line.entry.posting_date
        rows.append(LedgerRow(line=line, number=number, posting_date=on, debit=debit, credit=credit, balance=balance))
    return GeneralLedger(account=account, opening=opening, rows=rows, closing=balance, complete=len(found) <= MOST_LINES)
