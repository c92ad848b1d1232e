"""Whether a day still takes postings."""

from datetime import date
from uuid import UUID

from modules.erp.finance.models import Book, PeriodLock
from modules.erp.finance.services.periods import find_period


def is_open(*, company: UUID, on: date, area: str) -> bool | None:
    """Say whether an area takes postings on a day from everybody; None while the company has no books."""
    if not Book.objects.filter(company=company).exists():
        return None
    period = find_period(company=company, on=on, area=area)
    closed = {PeriodLock.State.CLOSED, PeriodLock.State.SOFT}
    return period is not None and not closed & {period.locked, period.ledger_locked}
