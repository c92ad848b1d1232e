"""Entries by hand: drafted, reviewed by a second person, posted, and taken back by a red-letter entry."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _
from tessera.api import Refused, check_move, current, lock_for_update, move, service

from modules.base.api import DimensionSet, Item, Party
from modules.erp.finance.models import Account, Book, Entry, EntryLine, FiscalPeriod, Journal, Side, TaxLine
from modules.erp.finance.services.digits import refuse_misfits
from modules.erp.finance.services.periods import check_open, period_for, with_lock_states
from modules.erp.finance.services.posting import PostingLine, check_lines, post_at_end, row_of, write_entry

State = Entry.State
BY_HAND = ("normal", "adjusting", "opening")


@dataclass(frozen=True, kw_only=True)
class EntryLineInput:
    """One line of an entry by hand; `amount` is in the book's currency and may be negative (red)."""

    account: Account
    side: Side
    amount: Decimal
    currency: str = ""
    amount_currency: Decimal | None = None
    rate: Decimal = Decimal(1)
    party: Party | None = None
    item: Item | None = None
    quantity: Decimal | None = None
    dimension_set: DimensionSet | None = None
    summary: str = ""

    def line(self) -> PostingLine:
        """Return the line as the posting engine takes it."""
        return PostingLine(
            account=self.account,
            side=self.side,
            amount=self.amount,
            currency=self.currency,
            amount_currency=self.amount_currency,
            rate=self.rate,
            party=self.party.pk if self.party else None,
            item=self.item.pk if self.item else None,
            quantity=self.quantity,
            dimension_set=self.dimension_set.pk if self.dimension_set else None,
            summary=self.summary,
        )


@service(permission="finance.entry_create")
def draft_entry(
    *,
    book: Book,
    posting_date: date,
    lines: list[EntryLineInput],
    journal: Journal | None = None,
    kind: Entry.Kind = Entry.Kind.NORMAL,
    summary: str = "",
    document_date: date | None = None,
    attachments_count: int = 0,
) -> Entry:
    """Write an entry by hand as a draft, in the general journal unless another one is named.

    It must balance already; drafts have no number. Adjusting entries go into the period for
    adjustments where the day is in one.
    """
    entry, _lines = write_entry(
        journal=_journal(book, journal),
        posting_date=posting_date,
        lines=[line.line() for line in lines],
        kind=_kind(kind),
        summary=summary,
        document_date=document_date,
        adjusting=_adjusting(book, kind, posting_date),
        attachments_count=attachments_count,
        by_hand=True,
        post=False,
    )
    return entry


def _kind(kind: str) -> str:
    if kind not in BY_HAND:
        raise Refused("INVALID", _("Entries of this kind are not made by hand."), "kind")
    return kind


def _adjusting(book: Book, kind: str, on: date) -> bool:
    if kind != Entry.Kind.ADJUSTING:
        return False
    return FiscalPeriod.objects.filter(company=book.company_id, adjusting=True, start__lte=on, end__gte=on).exists()


def _journal(book: Book, journal: Journal | None) -> Journal:
    found = journal or Journal.objects.filter(book=book, code="general").first()
    if found is None or found.book_id != book.pk:
        raise Refused("INVALID", _("The journal is not one of this book."), "journal")
    found.book = book
    return found


@service(permission="finance.entry_update")
def change_entry(
    *, entry: Entry, lines: list[EntryLineInput], summary: str | None = None, posting_date: date | None = None
) -> Entry:
    """Replace the lines of a draft; a reviewed one goes back to the draft first."""
    entry = _locked(entry)
    if entry.state != State.DRAFT:
        raise Refused("STATE", _("Only a draft can be changed."), "state")
    posting = [line.line() for line in lines]
    check_lines(entry.book, posting, by_hand=True)
    on = posting_date or entry.posting_date
    adjusting = _adjusting(entry.book, entry.kind, on)
    entry.period = period_for(company=entry.company_id, on=on, area=entry.journal.area, adjusting=adjusting)
    entry.posting_date = on
    entry.summary = entry.summary if summary is None else summary
    refuse_misfits(entry)
    entry.save()
    entry.lines.all().delete()
    EntryLine.objects.bulk_create(row_of(entry, place, line, entry.book.currency) for place, line in enumerate(posting, start=1))
    return entry


@service(permission="finance.entry_delete")
def delete_entry(*, entry: Entry) -> None:
    """Delete an entry that was never posted."""
    entry = _locked(entry)
    if entry.state == State.POSTED:
        raise Refused("STATE", _("A posted entry stays; reverse it."), "state")
    entry.lines.all().delete()
    entry.delete()


@service(permission="finance.entry_review")
def review_entry(*, entry: Entry) -> Entry:
    """Say as a second person that a draft is right."""
    entry = _locked(entry)
    me = current().actor.member_id
    if me is not None and me == entry.prepared_by:
        raise Refused("FORBIDDEN", _("Whoever prepared an entry does not review it."), "reviewed_by")
    entry.reviewed_by = me
    move(entry, State.REVIEWED, also=("reviewed_by",))
    return entry


@service(permission="finance.entry_review")
def return_entry(*, entry: Entry) -> Entry:
    """Give a reviewed entry back to be changed."""
    entry = _locked(entry)
    entry.reviewed_by = None
    move(entry, State.DRAFT, also=("reviewed_by",))
    return entry


@service(permission="finance.entry_post")
def post_entry(*, entry: Entry) -> Entry:
    """Post a draft: it gets its number, balances, and never changes again."""
    entry = _locked(entry)
    check_move(entry, State.POSTED)
    if entry.book.review and entry.state != State.REVIEWED:
        raise Refused("STATE", _("In this book an entry is reviewed before it is posted."), "state")
    lines = list(entry.lines.select_related("account").order_by("position"))
    check_lines(entry.book, [_posting(line) for line in lines], by_hand=not entry.source_kind)
    check_open(entry.period, entry)
    move(entry, State.POSTED, write=False)
    post_at_end(entry, lines)
    return entry


def _posting(line: EntryLine, sign: int = 1) -> PostingLine:
    return PostingLine(
        account=line.account,
        side=line.side,
        amount=sign * line.amount,
        purpose=line.purpose,
        currency=line.currency,
        amount_currency=sign * line.amount_currency,
        rate=line.rate,
        party=line.party_id,
        item=line.item_id,
        quantity=None if line.quantity is None else sign * line.quantity,
        dimension_set=line.dimension_set_id,
        summary=line.summary,
        source_line=line.source_line,
    )


@service(permission="finance.entry_reverse")
def reverse_entry(*, entry: Entry, posting_date: date | None = None, reason: str = "") -> Entry:
    """Take a posted entry back by a red-letter one: the same sides with negative amounts.

    An entry that a document posted is taken back by correcting the document.
    """
    entry = _locked(entry)
    if entry.source_kind and entry.kind != Entry.Kind.CLOSING:
        raise Refused("STATE", _("This entry belongs to a document; correct the document."), "source_kind")
    return take_back(entry, posting_date=posting_date, reason=reason)


def take_back(entry: Entry, *, posting_date: date | None = None, reason: str = "") -> Entry:
    """Post the red-letter reversal of a posted entry; refuse with STATE where there is one already."""
    if entry.state != State.POSTED:
        raise Refused("STATE", _("Only a posted entry is reversed."), "state")
    if Entry.objects.filter(reverses=entry).exists():
        raise Refused("STATE", _("This entry is reversed already."), "state")
    on = posting_date or entry.posting_date
    if on < entry.posting_date:
        raise Refused("INVALID", _("A reversal is not posted before what it reverses."), "posting_date")
    lines = list(entry.lines.select_related("account").order_by("position"))
    reversal, _lines = write_entry(
        journal=_journal(entry.book, entry.journal),
        posting_date=on,
        lines=[_posting(line, -1) for line in lines],
        kind=Entry.Kind.REVERSAL,
        summary=reason or entry.summary,
        reverses=entry.pk,
    )
    _take_back_taxes(entry, reversal)
    return reversal


def _take_back_taxes(entry: Entry, reversal: Entry) -> None:
    amounts = ("base", "amount", "base_company", "amount_company")
    kept = ("tax_id", "rate", "included", "recoverable", "currency", "document_line")
    TaxLine.objects.bulk_create(
        TaxLine(
            entry=reversal,
            period=reversal.period,
            tax_point_date=reversal.posting_date,
            **{name: -getattr(row, name) for name in amounts},
            **{name: getattr(row, name) for name in kept},
        )
        for row in TaxLine.objects.filter(entry=entry)
    )


def _locked(entry: Entry) -> Entry:
    """Return a locked entry, with the states of the locks of its period as `find_period` names them."""
    rows = with_lock_states(Entry.objects.filter(pk=entry.pk), F("journal__area"), "period__")
    return lock_for_update(rows.select_related("book", "journal", "period__year"))[0]
