"""When stock may be posted: the books decide, or the company's own lock date where there are none."""

from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused

from modules.base.api import Company, is_period_open
from modules.scm.stock.services.rows import execute


def today_of(company: Company) -> date:
    """Return the company's business date of now."""
    return timezone.now().astimezone(ZoneInfo(company.time_zone)).date()


def check_posting_date(company: Company, on: date, *field: str) -> None:
    """Refuse with CLOSED_PERIOD unless stock may be posted on a day.

    The lock date is read under a shared lock: whoever moves it waits for postings under way, and
    postings see the date that holds when they commit.
    """
    open_ = is_period_open(company=company.pk, on=on, area="stock")
    if open_ is None:
        rows = execute("SELECT locked_until FROM stock_stockpolicy WHERE company_id = %s FOR SHARE", [company.pk])
        open_ = all(locked_until is None or on > locked_until for (locked_until,) in rows)
    if not open_:
        message = _("Stock of {company} is closed on {day}.").format(company=company.name, day=on)
        raise Refused("CLOSED_PERIOD", message, *(field or ("posting_date",)))
