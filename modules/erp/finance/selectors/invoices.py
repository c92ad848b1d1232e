"""What is still open of invoices; computed, never stored on the posted document."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Min, Q, QuerySet, Sum

from modules.erp.finance.models import Invoice, OpenItem

ZERO = Decimal(0)
Paid = Invoice.PaymentState


def open_amounts(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return what is open of each posted invoice, in its currency and without the sign; None for drafts."""
    posted = set(Invoice.objects.filter(pk__in=ids).exclude(state=Invoice.State.DRAFT).values_list("pk", flat=True))
    rows = _items(posted).values("document").annotate(sum=Sum("residual"))
    return dict.fromkeys(ids) | dict.fromkeys(posted, ZERO) | {row["document"]: abs(row["sum"]) for row in rows}


def due_dates(*, ids: list[UUID]) -> dict[UUID, date | None]:
    """Return when the first instalment that is open of each invoice is due; None where nothing is."""
    rows = _items(ids).values("document").annotate(due=Min("due_date", filter=~Q(residual=0)))
    return dict.fromkeys(ids) | {row["document"]: row["due"] for row in rows}


def payment_states(*, ids: list[UUID]) -> dict[UUID, Invoice.PaymentState]:
    """Say of each invoice how far it is paid: one that is posted and has nothing open is."""
    told = {Invoice.State.DRAFT: Paid.DRAFT, Invoice.State.REVERSED: Paid.REVERSED}
    found = {row.pk: told.get(row.state, Paid.PAID) for row in Invoice.objects.filter(pk__in=ids).only("state")}
    rows = _items(ids).values("document").annotate(whole=Sum("amount"), rest=Sum("residual"))
    for row in rows:
        if found[row["document"]] == Paid.PAID and row["rest"]:
            found[row["document"]] = Paid.OPEN if row["rest"] == row["whole"] else Paid.PARTLY_PAID
    return found


def _items(ids: Iterable[UUID]) -> QuerySet:
    return OpenItem.objects.filter(document__in=ids, kind__in=(OpenItem.Kind.INVOICE, OpenItem.Kind.CREDIT))
