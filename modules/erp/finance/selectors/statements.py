"""Balance sheet and income statement, laid out as the chart says."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from modules.erp.finance.charts import LayoutRow, chart
from modules.erp.finance.models import Account, Book
from modules.erp.finance.selectors.balances import ZERO, check_order, sums_by_account


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """One row of a statement; `key` names it, `total` says that it sums others."""

    key: str
    title: str
    amount: Decimal
    total: bool


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A laid-out report; `difference` is what the layout fails to show and is zero."""

    rows: list[StatementRow]
    currency: str
    difference: Decimal


def balance_sheet(*, book: Book, on: date) -> Statement:
    """Return what the company has and owes at the end of a day; assets equal liabilities and equity."""
    rows, amounts = _laid_out(chart(book.chart).balance_sheet, _balances(book, end=on))
    difference = amounts["assets"] - amounts["liabilities_and_equity"]
    return Statement(rows=rows, currency=book.currency, difference=difference)


def income_statement(*, book: Book, start: date, end: date) -> Statement:
    """Return income and expenses from one day to another, before they are closed; the last row is the result."""
    check_order(start, end)
    balances = _balances(book, start=start, end=end, closing=False)
    rows, amounts = _laid_out(chart(book.chart).income_statement, balances)
    kinds = (Account.Type.INCOME, Account.Type.EXPENSE)
    codes = set(Account.objects.filter(book=book, type__in=kinds).values_list("code", flat=True))
    result = -sum((balance for code, balance in balances.items() if code in codes), ZERO)
    return Statement(rows=rows, currency=book.currency, difference=amounts[rows[-1].key] - result)


def _balances(book: Book, *, start: date | None = None, end: date, closing: bool = True) -> dict[str, Decimal]:
    sums = sums_by_account(book, start=start, end=end, closing=closing)
    codes = dict(Account.objects.filter(pk__in=sums).values_list("pk", "code"))
    return {codes[key]: debit - credit for key, (debit, credit) in sums.items()}


def _laid_out(layout: tuple[LayoutRow, ...], balances: dict[str, Decimal]) -> tuple[list[StatementRow], dict[str, Decimal]]:
    """Fill a layout; a row's amount is positive on its own side."""
    amounts: dict[str, Decimal] = {}
    for row in layout:
        if row.sum:
            amounts[row.key] = sum((-amounts[name[1:]] if name[0] == "-" else amounts[name] for name in row.sum), ZERO)
            continue
        balance = sum((value for code, value in balances.items() if code.startswith(row.accounts)), ZERO)
        amounts[row.key] = balance if row.side == "debit" else -balance
    rows = [StatementRow(key=row.key, title=row.title, amount=amounts[row.key], total=bool(row.sum)) for row in layout]
    return rows, amounts
