"""What is open between us and others, now and as of a day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from modules.base.api import Company, Party, one_with, standing_for
from modules.erp.finance.models import Allocation, Control, OpenItem

ZERO = Decimal(0)
CUSTOMER_SIDE = (Control.RECEIVABLE, Control.ADVANCE_RECEIVED)
SUPPLIER_SIDE = (Control.PAYABLE, Control.ADVANCE_PAID)


class LedgerSide(StrEnum):
    """Whose items: customers' or suppliers'."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"


def receivables_of(*, party: UUID, company: UUID) -> Decimal:
    """Return what a customer owes in company currency: open items less advances and credits, also of parties merged into it."""
    mine = OpenItem.objects.filter(party__in=one_with(party), company=company, account__control__in=CUSTOMER_SIDE)
    return mine.exclude(residual=0).aggregate(sum=Sum("residual_company"))["sum"] or ZERO


def items_as_of(company: UUID, side: str, on: date) -> list[tuple[OpenItem, Decimal, Decimal]]:
    """Return each item that was open at the end of a day, with what was open in its and the book's currency."""
    controls = CUSTOMER_SIDE if side == LedgerSide.CUSTOMER else SUPPLIER_SIDE
    items = OpenItem.objects.filter(company=company, account__control__in=controls, posting_date__lte=on)
    items = items.select_related("party", "account").order_by("due_date", "id")
    taken = _taken(items, on)
    found = []
    for item in items:
        amount, value = taken.get(item.pk, (ZERO, ZERO))
        open_, open_company = item.amount - amount, item.amount_company - value
        if open_ or open_company:
            found.append((item, open_, open_company))
    return found


def _taken(items: QuerySet, on: date) -> dict[UUID, tuple[Decimal, Decimal]]:
    """Return what allocations up to a day took from each item, signed like the item."""
    taken: dict[UUID, tuple[Decimal, Decimal]] = {}
    rows = Allocation.objects.filter(date__lte=on)
    for key, value, sign in (("debit_item", "debit_company", 1), ("credit_item", "credit_company", -1)):
        mine = rows.filter(Q(**{f"{key}__in": items.values("pk")})).values(key)
        for row in mine.annotate(sum=Sum("amount"), worth=Sum(value)):
            taken[row[key]] = (sign * row["sum"], sign * row["worth"])
    return taken


@dataclass(frozen=True, kw_only=True)
class AgeingRow:
    """What one party's items come to, by days past due, in company currency."""

    party: Party
    not_due: Decimal
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    over_90: Decimal
    total: Decimal


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """Open items by age; suppliers' items are negative, as they are in the books."""

    on: date
    rows: list[AgeingRow]
    total: Decimal


def ageing(*, company: Company, on: date, side: LedgerSide = LedgerSide.CUSTOMER) -> Ageing:
    """Return what was open at the end of a day, per party and days past due; advances and credits are not due."""
    parties: dict[UUID, Party] = {}
    sums: dict[UUID, list[Decimal]] = {}
    for item, _open, value in items_as_of(company.pk, side, on):
        party = standing_for(item.party)
        parties[party.pk] = party
        late = (on - item.due_date).days if (item.amount > 0) == (side == LedgerSide.CUSTOMER) else 0
        place = 0 if late <= 0 else min(1 + (late - 1) // 30, 4)
        sums.setdefault(party.pk, [ZERO] * 5)[place] += value
    rows = [
        AgeingRow(
            party=parties[key], not_due=row[0], to_30=row[1], to_60=row[2], to_90=row[3], over_90=row[4], total=sum(row, ZERO)
        )
        for key, row in sorted(sums.items(), key=lambda pair: (parties[pair[0]].name, str(pair[0])))
    ]
    return Ageing(on=on, rows=rows, total=sum((row.total for row in rows), ZERO))
