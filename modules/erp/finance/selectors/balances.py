"""Sums of posted lines, from which every report is made."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _
from tessera.api import Refused

from modules.erp.finance.models import Book, Entry, EntryLine, Side

ZERO = Decimal(0)
SIGNED = Case(When(side=Side.DEBIT, then=F("amount")), default=-F("amount"))


def posted_lines(book: Book) -> QuerySet:
    """Return the lines of the posted entries of a book."""
    return EntryLine.objects.filter(entry__book=book, entry__state=Entry.State.POSTED)


def sums_by_account(
    book: Book, *, start: date | None = None, end: date, closing: bool = True
) -> dict[UUID, tuple[Decimal, Decimal]]:
    """Return (debits, credits) per account from one day to another; without closing entries where asked."""
    lines = posted_lines(book).filter(entry__posting_date__lte=end)
    if start is not None:
        lines = lines.filter(entry__posting_date__gte=start)
    if not closing:
        lines = lines.exclude(entry__kind=Entry.Kind.CLOSING).exclude(entry__reverses__kind=Entry.Kind.CLOSING)
    rows = lines.values("account").annotate(
        debit=Sum("amount", filter=Q(side=Side.DEBIT), default=ZERO),
        credit=Sum("amount", filter=Q(side=Side.CREDIT), default=ZERO),
    )
    return {row["account"]: (row["debit"], row["credit"]) for row in rows}


def check_order(start: date, end: date) -> None:
    """Refuse a span that ends before it begins."""
    if end < start:
        raise Refused("INVALID", _("A span ends after it begins."), "end")
