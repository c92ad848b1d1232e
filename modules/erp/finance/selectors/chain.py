"""Whether the entries are still those that were posted."""

import hashlib
from dataclasses import dataclass

from modules.erp.finance.models import Book, BookHead, Entry
from modules.erp.finance.services.posting import digest


@dataclass(frozen=True, kw_only=True)
class ChainCheck:
    """Whether the entries of a book are those that were posted; `broken_at` is the first number that is not."""

    entries: int
    intact: bool
    broken_at: str


def chain_check(*, book: Book) -> ChainCheck:
    """Walk the chain of a book's posted entries and compare every hash."""
    expected, count = "", 0
    entries = Entry.objects.filter(book=book, state=Entry.State.POSTED).order_by("seq").prefetch_related("lines")
    for place, entry in enumerate(entries.iterator(chunk_size=500), start=1):
        if entry.seq != place or entry.prev_hash != expected:
            return ChainCheck(entries=count, intact=False, broken_at=entry.number)
        expected = hashlib.sha256((expected + digest(entry, list(entry.lines.all()))).encode()).hexdigest()
        count = place
    head = BookHead.objects.get(book=book)
    intact = (head.seq, head.hash) == (count, expected)
    return ChainCheck(entries=count, intact=intact, broken_at="" if intact else "the end")
