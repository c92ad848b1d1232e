"""What comes next for a company if nothing happens: pure, from the same facts and by the same rules as the verdict of now."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.reducer import Access, AccountFacts, Catalogue, Entitlements, Notice, SubscriptionFacts, reduce

MOST = 24  # changes that are looked at: a company with many subscriptions has several for each
FIRST_REMINDER = timedelta(days=7)  # before a trial ends


@dataclass(frozen=True)
class Turn:
    """From `at` on the company may do `access`, and is told `notice`."""

    at: datetime
    access: Access
    notice: Notice | None


def turns_of(account: AccountFacts, catalogue: Catalogue, moment: datetime) -> tuple[Turn, ...]:
    """Return when the access will change after a moment, the first change first; Stripe is taken to have no news until then."""
    found: list[Turn] = []
    verdict = _at(account, catalogue, moment)
    access, next_at = verdict.access, _next(account, verdict.recheck_at, moment)
    for _step in range(MOST):
        if next_at is None:
            break
        verdict = _at(account, catalogue, next_at)
        if verdict.access is not access:
            access = verdict.access
            found.append(Turn(next_at, access, verdict.notice))
        next_at = _next(account, verdict.recheck_at, next_at)
    return tuple(found)


def _at(account: AccountFacts, catalogue: Catalogue, moment: datetime) -> Entitlements:
    asked = None if account.asked_at is None else moment
    subscriptions = tuple(_ended(each, moment) for each in account.subscriptions)
    return reduce(replace(account, asked_at=asked, subscriptions=subscriptions), catalogue, moment)


def _ended(subscription: SubscriptionFacts, moment: datetime) -> SubscriptionFacts:
    """Return a subscription as it will be: one that is to end has ended then."""
    end = subscription.cancel_at
    if end is None or end > moment or subscription.status in ("canceled", "incomplete", "incomplete_expired"):
        return subscription
    return replace(subscription, status="canceled", ended_at=end)


def _next(account: AccountFacts, recheck_at: datetime | None, moment: datetime) -> datetime | None:
    ends = [each.cancel_at for each in account.subscriptions if each.cancel_at and each.cancel_at > moment]
    return min([*ends, *([recheck_at] if recheck_at else [])], default=None)
