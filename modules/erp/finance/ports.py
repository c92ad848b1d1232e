"""What finance answers when others ask."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from modules.base.api import is_period_open, open_receivables
from modules.erp.finance import selectors


@open_receivables.answer
def receivables(*, party: UUID, company: UUID) -> Decimal:
    """Sum the customer's open items in company currency; advances and credits count against them."""
    return selectors.receivables_of(party=party, company=company)


@is_period_open.answer
def period_is_open(*, company: UUID, on: date, area: str) -> bool | None:
    """Look at the period's locks; None while the company has no books."""
    return selectors.is_open(company=company, on=on, area=area)
