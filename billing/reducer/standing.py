"""How well an account stands by its trial or by one subscription: what it may do, what it is told, when that changes."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from billing.reducer.facts import SubscriptionFacts
from billing.reducer.outcome import Access, Cause, Notice

TRIAL = "trial"
WORST_LAST = tuple(Access)
REMIND = timedelta(days=3)  # before a trial ends
TO_SUSPENDED = timedelta(days=14)  # after the end of what was paid or tried
TO_ARCHIVED = timedelta(days=44)
TOLD_ON, READ_ONLY_ON, SUSPENDED_ON = 1, 7, 21  # days after the first payment that failed, where the account is
QUIET = timedelta(days=3)  # a period may be over for so long without news before Stripe is asked out of turn


@dataclass(frozen=True)
class Standing:
    """What one source says of the account; `access` is None for a subscription that never began."""

    source: str
    cause: Cause
    access: Access | None
    notice: Notice | None = None
    changes: tuple[datetime, ...] = ()


def of_trial(end: datetime, moment: datetime) -> Standing:
    """Return how the account stands by a trial with this end."""
    if moment < end:
        return Standing(TRIAL, Cause.TRIAL, Access.FULL, _ending(end, moment), (end - REMIND, end))
    return Standing(TRIAL, Cause.TRIAL_OVER, _lapsed(end, moment), Notice.TRIAL_OVER, _steps_after(end))


def of_subscription(subscription: SubscriptionFacts, zone: tzinfo, moment: datetime) -> Standing:
    """Return how the account stands by one subscription."""
    if not subscription.has_started:
        return Standing(subscription.id, Cause.INCOMPLETE, None)
    if subscription.status == "canceled":
        return _of_ended(subscription, zone, moment)
    dates = [each.period_end + QUIET for each in subscription.items]
    dates += [date for date in (subscription.trial_end, subscription.cancel_at, subscription.resumes_at) if date]
    if subscription.status in ("past_due", "unpaid"):
        since = subscription.unpaid_since or min(each.period_start for each in subscription.items)
        dates += _days_after(since, zone)
        access, notice = _unpaid(since, zone, moment)
        if access is not Access.FULL or not subscription.is_paused:
            return Standing(subscription.id, Cause.UNPAID, access, notice, tuple(dates))
    if subscription.is_paused or subscription.status == "paused":
        return Standing(subscription.id, Cause.PAUSED, Access.READ_ONLY, Notice.PAUSED, tuple(dates))
    notice = Notice.CANCELS if subscription.cancel_at else None
    if subscription.status == "trialing" and subscription.trial_end:
        notice = _ending(subscription.trial_end, moment) or notice
        dates.append(subscription.trial_end - REMIND)
    return Standing(subscription.id, Cause.ACTIVE, Access.FULL, notice, tuple(dates))


def _of_ended(subscription: SubscriptionFacts, zone: tzinfo, moment: datetime) -> Standing:
    """Return how the account stands by a subscription that ended; an end is no way around what was not paid before it."""
    end = subscription.ended_at
    assert end is not None  # facts without it are refused
    access, changes = _lapsed(end, moment), _steps_after(end)
    if subscription.unpaid_since is not None:
        access = max(access, _unpaid(subscription.unpaid_since, zone, moment)[0], key=WORST_LAST.index)
        changes = (*changes, *_days_after(subscription.unpaid_since, zone))
    return Standing(subscription.id, Cause.ENDED, access, Notice.ENDED, changes)


def _ending(end: datetime, moment: datetime) -> Notice | None:
    return Notice.TRIAL_ENDS if moment >= end - REMIND else None


def _lapsed(end: datetime, moment: datetime) -> Access:
    if moment < end + TO_SUSPENDED:
        return Access.READ_ONLY
    return Access.SUSPENDED if moment < end + TO_ARCHIVED else Access.ARCHIVED


def _steps_after(end: datetime) -> tuple[datetime, ...]:
    return (end + TO_SUSPENDED, end + TO_ARCHIVED)


def _unpaid(since: datetime, zone: tzinfo, moment: datetime) -> tuple[Access, Notice | None]:
    if moment >= _day_after(since, zone, SUSPENDED_ON):
        return Access.SUSPENDED, Notice.PAYMENT_FAILED
    if moment >= _day_after(since, zone, READ_ONLY_ON):
        return Access.READ_ONLY, Notice.PAYMENT_FAILED
    return Access.FULL, Notice.PAYMENT_FAILED if moment >= _day_after(since, zone, TOLD_ON) else None


def _days_after(since: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    return tuple(_day_after(since, zone, days) for days in (TOLD_ON, READ_ONLY_ON, SUSPENDED_ON))


def _day_after(since: datetime, zone: tzinfo, days: int) -> datetime:
    """Return when the day so many days after that of `since` begins where the account is."""
    return datetime.combine(since.astimezone(zone).date() + timedelta(days=days), time(), tzinfo=zone)
