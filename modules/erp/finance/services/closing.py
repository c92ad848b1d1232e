"""Closing: income and expenses to the result, and foreign currency to the day's rate."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from tessera.api import Refused, round_money, service

from modules.base.api import rate_on
from modules.erp.finance.charts import chart
from modules.erp.finance.models import Account, Book, Entry, EntryLine, FiscalPeriod, OpenItem, Side
from modules.erp.finance.selectors.open_items import LedgerSide, items_as_of
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry
from modules.erp.finance.services.setup import leading_book

ZERO = Decimal(0)
RESULT = (Account.Type.INCOME, Account.Type.EXPENSE)


@service(permission="finance.closing_run")
def close_income(*, period: FiscalPeriod) -> list[Entry]:
    """Close income and expenses to the account of the result: monthly or yearly, as the chart says.

    Income and expenses go in one entry each. Where the chart closes monthly, the last period of the
    year also carries the year's result to retained earnings. Run again after later postings, it closes
    what is new. The period must be open, and no earlier one may hold anything that is not closed.
    """
    book = leading_book(period.company)
    plan = chart(book.chart)
    last = not FiscalPeriod.objects.filter(year=period.year_id, adjusting=False, end__gt=period.end).exists()
    if plan.close == "year" and not last:
        raise Refused("STATE", _("This chart closes once a year, in the last period."), "period")
    start = period.start if plan.close == "month" else period.year.start
    _refuse_open_before(book, start)
    made = []
    for kind, accounts in (("income", (Account.Type.INCOME,)), ("expenses", (Account.Type.EXPENSE,))):
        lines = _closing_lines(book, plan.close_to, period.end, accounts)
        made += _write(book, period, kind, lines)
    if last and plan.retained != plan.close_to:
        made += _write(book, period, "retained", _carry_lines(book, plan.close_to, plan.retained, period))
    return made


def _refuse_open_before(book: Book, start: date) -> None:
    lines = EntryLine.objects.filter(
        entry__book=book, entry__state=Entry.State.POSTED, entry__posting_date__lt=start, account__type__in=RESULT
    )
    rows = lines.values("account").annotate(debit=_debit(), credit=_credit())
    if any(row["debit"] != row["credit"] for row in rows):
        raise Refused("STATE", _("Close the periods before this one first."), "period")


def _debit() -> Sum:
    return Sum("amount", filter=Q(side=Side.DEBIT), default=ZERO)


def _credit() -> Sum:
    return Sum("amount", filter=Q(side=Side.CREDIT), default=ZERO)


def _closing_lines(book: Book, close_to: str, end: date, types: Sequence[str]) -> list[PostingLine]:
    """Return the lines that bring accounts of these types to zero, and the result on the account it goes to.

    Accounts that keep dimensions or parties are closed along them, so that their lines say as much as before.
    """
    lines = EntryLine.objects.filter(
        entry__book=book, entry__state=Entry.State.POSTED, entry__posting_date__lte=end, account__type__in=types
    )
    sums = lines.values("account", "dimension_set", "party").annotate(debit=_debit(), credit=_credit())
    accounts = Account.objects.in_bulk([row["account"] for row in sums])
    made = []
    for row in sorted(sums, key=lambda row: (accounts[row["account"]].code, str(row["dimension_set"]), str(row["party"]))):
        balance = row["debit"] - row["credit"]
        if balance:
            account = accounts[row["account"]]
            side = Side.DEBIT if account.type == Account.Type.INCOME else Side.CREDIT
            amount = -balance if side == Side.DEBIT else balance
            given = {"dimension_set": row["dimension_set"], "quantity": ZERO if account.requires_quantity else None}
            made.append(PostingLine(account=account, side=side, amount=amount, party=row["party"], **given))
    if made:
        side = Side.CREDIT if made[0].side == Side.DEBIT else Side.DEBIT
        result = Account.objects.get(book=book, code=close_to)
        made.append(PostingLine(account=result, side=side, amount=sum((line.amount for line in made), ZERO)))
    return made


def _carry_lines(book: Book, close_to: str, retained: str, period: FiscalPeriod) -> list[PostingLine]:
    """Return the lines that carry the result to retained earnings, the entries just made included."""
    source = Account.objects.get(book=book, code=close_to)
    lines = EntryLine.objects.filter(account=source, entry__posting_date__lte=period.end)
    sums = lines.aggregate(debit=_debit(), credit=_credit())
    balance = sums["credit"] - sums["debit"]
    if not balance:
        return []
    target = Account.objects.get(book=book, code=retained)
    return [
        PostingLine(account=source, side=Side.DEBIT, amount=balance),
        PostingLine(account=target, side=Side.CREDIT, amount=balance),
    ]


def _write(book: Book, period: FiscalPeriod, kind: str, lines: Sequence[PostingLine]) -> list[Entry]:
    if not lines:
        return []
    before = Entry.objects.filter(book=book, source_id=period.pk, purpose__startswith=f"close {kind}").count()
    entry, _lines = write_entry(
        journal=journal_of(book.company_id, "closing"),
        posting_date=period.end,
        lines=lines,
        kind=Entry.Kind.CLOSING,
        source_kind=FiscalPeriod._meta.label,
        source_id=period.pk,
        purpose=f"close {kind} {before + 1}",
        summary=str(_("Closing of {period}").format(period=period)),
        adjusting=period.adjusting,
    )
    return [entry]


@service(permission="finance.closing_run")
def revalue_currency(*, period: FiscalPeriod) -> list[Entry]:
    """Bring open items and cash in foreign currency to the rate of the period's last day, for the balance sheet.

    Advances keep their rate. The difference is booked per account and party and taken back on the first day of the next
    period, so that settlement still compares with the document's own rate. Once per period.
    """
    book = leading_book(period.company)
    if Entry.objects.filter(book=book, source_id=period.pk, purpose="revaluation").exists():
        raise Refused("STATE", _("This period is revalued already."), "period")
    lines = _revaluation_lines(book, period)
    if not lines:
        return []
    journal = journal_of(book.company_id, "general")
    made: list[Entry] = []
    for on, sign, purpose in ((period.end, 1, "revaluation"), (period.end + timedelta(days=1), -1, "revaluation taken back")):
        entry, _lines = write_entry(
            journal=journal,
            posting_date=on,
            lines=[_signed(line, sign) for line in lines],
            kind=Entry.Kind.REVALUATION,
            source_kind=FiscalPeriod._meta.label,
            source_id=period.pk,
            purpose=purpose,
            reverses=made[0].pk if made else None,
        )
        made.append(entry)
    return made


def _foreign_cash(book: Book, on: date) -> Iterator[tuple[Account, str, Decimal, Decimal]]:
    """Yield what cash accounts hold in foreign currencies at the end of a day, in that currency and in the book's."""
    lines = EntryLine.objects.filter(
        entry__book=book, entry__state=Entry.State.POSTED, entry__posting_date__lte=on, account__cash=True
    ).exclude(currency=book.currency)
    signs = {Side.DEBIT: 1, Side.CREDIT: -1}
    sums: dict[tuple[UUID, str], tuple[Decimal, Decimal]] = {}
    for row in lines.values("account", "currency", "side").annotate(held=Sum("amount_currency"), worth=Sum("amount")):
        held, worth = sums.get((row["account"], row["currency"]), (ZERO, ZERO))
        sign = signs[row["side"]]
        sums[row["account"], row["currency"]] = (held + sign * row["held"], worth + sign * row["worth"])
    accounts = Account.objects.in_bulk([account for account, _currency in sums])
    for (account, currency), (held, worth) in sums.items():
        yield accounts[account], currency, held, worth


def _signed(line: PostingLine, sign: int) -> PostingLine:
    return replace(line, amount=sign * line.amount)


def _revaluation_lines(book: Book, period: FiscalPeriod) -> list[PostingLine]:
    finder, made = AccountFinder(book), []
    gaps: dict[tuple[UUID, UUID | None, str], Decimal] = {}
    accounts: dict[UUID, Account] = {}
    for whose in LedgerSide:
        for item, open_, worth in items_as_of(book.company_id, whose, period.end):
            if item.currency == book.currency or item.kind == OpenItem.Kind.ADVANCE:
                continue  # an advance is settled by goods, not by money
            rate = rate_on(currency=item.currency, quote=book.currency, on=period.end).rate
            key = (item.account_id, item.party_id, item.currency)
            accounts[item.account_id] = item.account
            gaps[key] = gaps.get(key, ZERO) + round_money(open_ * rate, book.currency) - worth
    for account, currency, held, worth in _foreign_cash(book, period.end):
        accounts[account.pk] = account
        rate = rate_on(currency=currency, quote=book.currency, on=period.end).rate
        gaps[account.pk, None, currency] = round_money(held * rate, book.currency) - worth
    for (key, party, currency), gap in sorted(gaps.items(), key=str):
        if gap:
            given: dict[str, Any] = {"currency": currency, "amount_currency": ZERO, "party": party}
            made.append(PostingLine(account=accounts[key], side=Side.DEBIT, amount=gap, purpose="revaluation", **given))
    total = sum((line.amount for line in made), ZERO)
    if made:
        purpose, side = ("exchange_gain", Side.CREDIT) if total >= 0 else ("exchange_loss", Side.DEBIT)
        made.append(PostingLine(account=finder.account(purpose), side=side, amount=abs(total), purpose=purpose))
    return made
