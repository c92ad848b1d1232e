"""The posting engine: every entry of the books is written here.

An entry is inserted as a draft with all its lines in one statement, gets its number in the NUMBERS
phase, and is posted in the POST phase by one more, where the database checks that it balances.
Amounts are signed on both sides: a red-letter amount is negative on the side of what it takes back.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Phase, Problem, Refused, assign_number, current, defer, minor_units, new_id, round_to

from modules.erp.finance.models import Account, Entry, EntryLine, Journal, Side
from modules.erp.finance.services import rows
from modules.erp.finance.services.digits import misfits, refuse_misfits
from modules.erp.finance.services.dimensions import missing_dimensions
from modules.erp.finance.services.periods import period_for

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostingLine:
    """One line to post. `amount` is in the book's currency; without `currency` so is `amount_currency`."""

    account: Account
    side: str
    amount: Decimal
    purpose: str = ""
    currency: str = ""
    amount_currency: Decimal | None = None
    rate: Decimal = Decimal(1)
    party: UUID | None = None
    item: UUID | None = None
    quantity: Decimal | None = None
    dimension_set: UUID | None = None
    summary: str = ""
    due_date: date | None = None
    source_line: UUID | None = None

    @property
    def debit(self) -> Decimal:
        """Return the amount as a debit: negative on the credit side."""
        return self.amount if self.side == Side.DEBIT else -self.amount


def journal_of(company: UUID, code: str) -> Journal:
    """Return a journal of a company's leading book, with its book; refuse with NO_BOOK where there is none."""
    found = Journal.objects.select_related("book").filter(book__company=company, book__leading=True, code=code).first()
    if found is None:
        raise Refused("NO_BOOK", _("The books of this company are not opened yet."), "company")
    return found


def has_entry(*, book: UUID, source_kind: str, source_id: UUID, purpose: str) -> bool:
    """Say whether a source has its entry for a purpose already."""
    return Entry.objects.filter(book=book, source_kind=source_kind, source_id=source_id, purpose=purpose).exists()


def write_entry(
    *,
    journal: Journal,
    posting_date: date,
    lines: Sequence[PostingLine],
    source_kind: str = "",
    source_id: UUID | None = None,
    purpose: str = "",
    kind: str = Entry.Kind.NORMAL,
    summary: str = "",
    document_date: date | None = None,
    reverses: UUID | None = None,
    adjusting: bool = False,
    attachments_count: int = 0,
    by_hand: bool = False,
    post: bool = True,
) -> tuple[Entry, list[EntryLine]]:
    """Write an entry with its lines and, unless `post` is false, post it at the end of the unit of work.

    Refuses with UNBALANCED, CLOSED_PERIOD, or what the accounts demand of their lines. `by_hand`
    keeps control accounts to their subledgers.
    """
    book = journal.book
    check_lines(book, lines, by_hand=by_hand)
    period = period_for(company=book.company_id, on=posting_date, area=journal.area, adjusting=adjusting)
    me = current().actor.member_id
    entry = Entry(
        book=book,
        company_id=book.company_id,
        journal=journal,
        period=period,
        kind=kind,
        word=journal.word,
        posting_date=posting_date,
        document_date=document_date or posting_date,
        summary=summary,
        source_kind=source_kind,
        source_id=source_id,
        purpose=purpose,
        reverses_id=reverses,
        attachments_count=attachments_count,
        prepared_by=me,
    )
    if by_hand:
        refuse_misfits(entry)
    written = [row_of(entry, place, line, book.currency) for place, line in enumerate(lines, start=1)]
    rows.insert(entry, written)
    if post:
        post_at_end(entry, written)
    return entry, written


def row_of(entry: Entry, place: int, line: PostingLine, currency: str) -> EntryLine:
    """Return the row of a line; `currency` is the book's."""
    return EntryLine(
        id=new_id(),
        entry=entry,
        position=place,
        account=line.account,
        purpose=line.purpose,
        side=line.side,
        amount=line.amount,
        currency=line.currency or currency,
        amount_currency=line.amount if line.amount_currency is None else line.amount_currency,
        rate=line.rate,
        party_id=line.party,
        item_id=line.item,
        quantity=line.quantity,
        dimension_set_id=line.dimension_set,
        summary=line.summary,
        due_date=line.due_date,
        source_line=line.source_line,
    )


class _Pending:
    """An entry that waits for its number; the number is written when it is posted."""

    __slots__ = ("number",)

    def save(self, update_fields: Sequence[str]) -> None:
        """Write nothing: `_post` does."""


def number_document(document: Any, entry: Entry, kind: str, prefix: str) -> None:
    """Give a document the next number of its kind in the fiscal year of its entry."""
    year = entry.period.year.code
    scope = (kind, entry.company_id, prefix, year)
    assign_number(document, scope=scope, pattern=prefix + "-{year}-{n:05}", on=entry.posting_date, names={"year": year})


def post_at_end(entry: Entry, lines: Sequence[EntryLine]) -> None:
    """Give the entry its number, in its fiscal year or a month of it, and post it at the end of this unit of work."""
    journal, on, year = entry.journal, entry.posting_date, entry.period.year.code
    scope: tuple[Any, ...] = ("entry", entry.company_id, entry.book_id, journal.word, year)
    if journal.series == Journal.Series.MONTH:
        scope = (*scope, on.month)
    pending = _Pending()
    assign_number(pending, scope=scope, pattern=journal.pattern, on=on, names={"year": year})
    me = current().actor.member_id
    entry.state, entry.posted_by = Entry.State.POSTED, me

    def post() -> None:
        entry.number = pending.number  # type: ignore[attr-defined]
        entry.seq, entry.prev_hash = rows.post(entry, digest(entry, lines))

    defer(Phase.POST, post)


def digest(entry: Entry, lines: Sequence[EntryLine]) -> str:
    """Return the SHA-256 of what an entry says, as its book's chain covers it."""
    head = (entry.id, entry.book_id, entry.number, entry.kind, entry.posting_date, entry.source_id or "", entry.reverses_id or "")
    parts = ["|".join(map(str, head))]
    for line in sorted(lines, key=lambda each: each.position):
        amounts = f"{line.amount + ZERO:.4f}|{line.currency}|{line.amount_currency + ZERO:.4f}"  # + ZERO: no minus zero
        parts.append(f"{line.id}|{line.account_id}|{line.side}|{amounts}|{line.party_id or ''}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_lines(book: object, lines: Sequence[PostingLine], *, by_hand: bool) -> None:
    """Refuse lines that do not balance or lack what their accounts demand; `book` is the Book."""
    if by_hand and (odd := [found for place, line in enumerate(lines) for found in _misfits(line, place)]):
        raise Refused.of(odd)
    problems: list[Problem] = []
    decimals = minor_units(book.currency)  # type: ignore[attr-defined]
    total = ZERO
    for place, line in enumerate(lines):
        total += line.debit
        problems += [
            Problem(code, text, ("lines", str(place), field)) for code, text, field in _findings(book, line, decimals, by_hand)
        ]
    for place, name in missing_dimensions(lines):
        text = _("This account needs the dimension {name}.").format(name=name)
        problems.append(Problem("REQUIRED", text, ("lines", str(place), "dimension_set")))
    if len(lines) < 2 or total != 0:
        text = (
            _("The debits and credits differ by {amount}.").format(amount=total)
            if total
            else _("An entry has two lines or more.")
        )
        problems.append(Problem("UNBALANCED", text, ("lines",)))
    if problems:
        raise Refused.of(problems)


def _misfits(line: PostingLine, place: int) -> Iterator[Problem]:
    names = ("amount", "amount_currency", "rate", "quantity", "currency", "summary")
    return misfits(EntryLine, {name: getattr(line, name) for name in names}, "lines", str(place))


def _findings(book: object, line: PostingLine, decimals: int, by_hand: bool) -> list[tuple[str, str, str]]:
    account, found = line.account, []
    if account.book_id != book.pk or account.group or not account.active:  # type: ignore[attr-defined]
        found.append(("INVALID", _("{account} takes no postings of this book.").format(account=account), "account"))
    if by_hand and account.control:
        found.append(("CONTROL", _("{account} is only posted to by its subledger.").format(account=account), "account"))
    if round_to(line.amount, decimals) != line.amount:
        found.append(("INVALID", _("The amount has more decimals than its currency."), "amount"))
    if account.requires_party and line.party is None:
        found.append(("REQUIRED", _("{account} needs a party.").format(account=account), "party"))
    if account.requires_quantity and line.quantity is None:
        found.append(("REQUIRED", _("{account} needs a quantity.").format(account=account), "quantity"))
    if account.currency and line.currency and line.currency != account.currency:
        found.append(
            ("INVALID", _("{account} is kept in {currency}.").format(account=account, currency=account.currency), "currency")
        )
    return found
