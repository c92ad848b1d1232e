"""What finance adds to a document's story: the entries that book it, and what settles it."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Count, F, Max, Q, Sum
from tessera.api import DocumentEdge, relates

from modules.erp.finance.models import Allocation, Entry, EntryLine


@relates
def booked_by(documents: set[UUID]) -> Iterator[DocumentEdge]:
    """Yield an edge from each document to its entries, by the sum of their debits in the book's currency."""
    entries = Entry.objects.filter(Q(source_id__in=documents) | Q(pk__in=documents)).exclude(source_id=None)
    amounts = EntryLine.objects.filter(entry__in=entries.values("pk"), side="debit").values("entry").annotate(sum=Sum("amount"))
    by_entry = {row["entry"]: row["sum"] for row in amounts}
    for entry in entries.select_related("book").order_by("recorded_at", "id"):
        if entry.source_id is not None:
            yield DocumentEdge(
                type="books",
                source_kind=entry.source_kind,
                source=entry.source_id,
                target_kind=entry._meta.label,
                target=entry.pk,
                amount=by_entry.get(entry.pk, 0),
                currency=entry.book.currency,
                recorded_at=entry.recorded_at,
            )


@relates
def settled_by(documents: set[UUID]) -> Iterator[DocumentEdge]:
    """Yield an edge from each invoice to what settles it (a payment, a credit note, an advance), undone ones taken off."""
    touching = Q(debit_item__document__in=documents) | Q(credit_item__document__in=documents)
    rows = (
        Allocation.objects.filter(touching)
        .exclude(debit_item__document=F("credit_item__document"))
        .values(
            "debit_item__document",
            "debit_item__document_kind",
            "credit_item__document",
            "credit_item__document_kind",
            "debit_item__kind",
            "currency",
        )
        .annotate(sum=Sum("amount"), count=Count("id"), at=Max("recorded_at"))
        .order_by("debit_item__document", "credit_item__document")
    )
    for row in rows:
        debit = (row["debit_item__document_kind"], row["debit_item__document"])
        credit = (row["credit_item__document_kind"], row["credit_item__document"])
        # Of a purchase the bill is the credit: what is settled comes first, whatever its side.
        settled, settles = (debit, credit) if row["debit_item__kind"] == "invoice" else (credit, debit)
        if row["sum"]:
            yield DocumentEdge(
                type="settles",
                source_kind=settled[0],
                source=settled[1],
                target_kind=settles[0],
                target=settles[1],
                amount=row["sum"],
                currency=row["currency"],
                lines=row["count"],
                recorded_at=row["at"],
            )
