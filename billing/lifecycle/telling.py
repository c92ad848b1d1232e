"""Which letters are due, and when the next one will be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.lifecycle.letters import write_letter
from billing.lifecycle.turns import Turn
from billing.models import Closing, Letter
from billing.reducer import Access, Notice
from tenants.models import Tenant

Kind = Letter.Kind
LEADS = {  # days before what they tell of; one that was missed gives way to the next
    Kind.TRIAL_ENDS: (7, 3, 1),
    Kind.SUSPENDS: (3,),
    Kind.ARCHIVES: (7,),
    Kind.DELETES: (30, 7, 1),
}
KIND = {Access.READ_ONLY: Kind.TRIAL_ENDS, Access.SUSPENDED: Kind.SUSPENDS, Access.ARCHIVED: Kind.ARCHIVES}


@dataclass(frozen=True)
class Coming:
    """Something that is told before it comes."""

    kind: Letter.Kind
    at: datetime


def coming_of(turns: tuple[Turn, ...], closing: Closing | None) -> Iterator[Coming]:
    """Yield what is to be told before it comes, of what comes next; that a payment failed is told by Stripe, and on every page."""
    for turn in turns[:1]:
        if turn.access is not Access.READ_ONLY or turn.notice is Notice.TRIAL_OVER:
            yield Coming(KIND[turn.access], turn.at)
    if closing is not None and closing.delete_at is not None and closing.deleted_at is None:
        yield Coming(Kind.DELETES, closing.delete_at)


def tell(tenant: Tenant, access: str, notice: str, turns: tuple[Turn, ...], closing: Closing | None, moment: datetime) -> None:
    """Write the letters that are due at a moment, each once."""
    if access == Access.READ_ONLY and notice == Notice.TRIAL_OVER and turns:
        suspended = turns[0].at
        write_letter(tenant=tenant, kind=Kind.TRIAL_OVER, about=f"{suspended:%Y-%m-%d}", at=suspended.isoformat())
    for each in coming_of(turns, closing):
        passed = [days for days in LEADS[each.kind] if each.at - timedelta(days) <= moment < each.at]
        if passed:
            days, about = min(passed), f"{each.at:%Y-%m-%d}"
            write_letter(tenant=tenant, kind=each.kind, about=f"{about} {days}", at=each.at.isoformat(), days=days)


def next_after(turns: tuple[Turn, ...], closing: Closing | None, moment: datetime) -> datetime | None:
    """Return when the next letter will be due, or the end comes."""
    dates = [each.at - timedelta(days) for each in coming_of(turns, closing) for days in (*LEADS[each.kind], 0)]
    return min((date for date in dates if date > moment), default=None)
