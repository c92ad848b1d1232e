"""Which period a day falls into, and whether it still takes postings."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.translation import gettext as _
from tessera.api import Refused, current, listed, lock_for_update, publish, service

from modules.erp.finance.events import PeriodClosed
from modules.erp.finance.models import Area, Entry, FiscalPeriod, FiscalYear, PeriodLock
from modules.erp.finance.services.setup import next_year, open_fiscal_year

State = PeriodLock.State


def find_period(*, company: UUID, on: date, area: str, adjusting: bool = False) -> FiscalPeriod | None:
    """Return the period of a day, with the states of its locks (see `with_lock_states`)."""
    rows = FiscalPeriod.objects.filter(company=company, start__lte=on, end__gte=on, adjusting=adjusting).select_related("year")
    return with_lock_states(rows, area).first()


def with_lock_states(rows: QuerySet, area: Any, path: str = "") -> QuerySet:
    """Add the states of an area's and the ledger's lock as `locked` and `ledger_locked`; `path` leads to the period."""
    return rows.annotate(
        mine=FilteredRelation(f"{path}locks", condition=Q(**{f"{path}locks__area": area})),
        whole=FilteredRelation(f"{path}locks", condition=Q(**{f"{path}locks__area": Area.LEDGER})),
        locked=F("mine__state"),
        ledger_locked=F("whole__state"),
    )


def period_for(*, company: UUID, on: date, area: str, adjusting: bool = False) -> FiscalPeriod:
    """Return the open period of a day; refuse with CLOSED_PERIOD where there is none.

    The next fiscal year opens itself with its first posting. A softly closed area takes postings
    from those who hold `finance.period_post_soft`.
    """
    period = find_period(company=company, on=on, area=area, adjusting=adjusting) or _opened_on_demand(company, on, area)
    if period is None:
        raise Refused("CLOSED_PERIOD", _("There is no fiscal period for {day}.").format(day=on), "posting_date")
    check_open(period, period)
    return period


def check_open(period: FiscalPeriod, row: Any) -> None:
    """Refuse with CLOSED_PERIOD what the states of the locks on `row` do not let in."""
    states = {row.locked, row.ledger_locked}
    if State.CLOSED in states or (State.SOFT in states and not current().actor.may("finance.period_post_soft")):
        raise Refused("CLOSED_PERIOD", _("The period {period} is closed.").format(period=period), "posting_date")


def _opened_on_demand(company: UUID, on: date, area: str) -> FiscalPeriod | None:
    last = FiscalYear.objects.filter(company=company).select_related("company").order_by("-end").first()
    if last is None or not last.end < on < next_year(next_year(last.start)):
        return None
    open_fiscal_year(company=last.company, start=next_year(last.start))
    return find_period(company=company, on=on, area=area)


@service(permission="finance.period_close")
def close_period(*, period: FiscalPeriod, area: Area, soft: bool = False) -> PeriodLock:
    """Close an area of a period, softly or for good.

    The ledger closes last: sales, purchases and stock must be closed before it, and no entry of
    the period may be waiting as a draft. Waits for postings that are under way.
    """
    lock_for_update(FiscalPeriod.objects.filter(pk=period.pk))
    if area == Area.LEDGER and not soft:
        _demand_ready(period)
    lock = _lock_of(period, area)
    lock.state = State.SOFT if soft else State.CLOSED
    lock.save()
    publish(PeriodClosed(subject=period.pk, company=period.company_id, area=area))
    return lock


@service(permission="finance.period_reopen")
def reopen_period(*, period: FiscalPeriod, area: Area) -> PeriodLock:
    """Open an area of a period again; the ledger must be open for it."""
    lock_for_update(FiscalPeriod.objects.filter(pk=period.pk))
    if area != Area.LEDGER and _lock_of(period, Area.LEDGER).state == State.CLOSED:
        raise Refused("STATE", _("Open the ledger of the period first."), "area")
    lock = _lock_of(period, area)
    lock.state = State.OPEN
    lock.save()
    return lock


def _lock_of(period: FiscalPeriod, area: str) -> PeriodLock:
    return PeriodLock.objects.filter(period=period, area=area).first() or PeriodLock(period=period, area=area)


def _demand_ready(period: FiscalPeriod) -> None:
    closed = set(PeriodLock.objects.filter(period=period, state=State.CLOSED).values_list("area", flat=True))
    if missing := {Area.SALES, Area.PURCHASE, Area.STOCK} - closed:
        names = listed(str(area.label) for area in Area if area in missing)
        raise Refused("STATE", _("Close first: {areas}.").format(areas=names), "area")
    if Entry.objects.filter(period=period).exclude(state=Entry.State.POSTED).exists():
        raise Refused("STATE", _("Entries of this period wait to be posted."), "period")
