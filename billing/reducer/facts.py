"""The facts about one account and the catalogue, as plain data: all that the reducer may know.

Every moment is aware; an amount of anything is an int, None where there is no limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

STARTED = frozenset({"trialing", "active", "past_due", "unpaid", "paused", "canceled"})
STATUSES = STARTED | {"incomplete", "incomplete_expired"}


class UnreadableFacts(ValueError):
    """Raised for facts that nothing can be concluded from: a status nobody knows, an end without its moment."""


@dataclass(frozen=True)
class ItemFacts:
    """A line of a subscription: so many of a product, paid until the end of its period."""

    id: str
    product: str
    quantity: int
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as Stripe said it was; `unpaid_since` is when its oldest open invoice was first not paid."""

    id: str
    status: str
    created: datetime
    items: tuple[ItemFacts, ...]
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    is_paused: bool = False
    resumes_at: datetime | None = None
    unpaid_since: datetime | None = None
    checkout: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise UnreadableFacts(f"{self.id} has the status {self.status}, which nobody knows")
        if self.status == "canceled" and self.ended_at is None:
            raise UnreadableFacts(f"{self.id} is canceled and does not say since when")
        if self.status in ("past_due", "unpaid") and not (self.unpaid_since or self.items):
            raise UnreadableFacts(f"{self.id} is {self.status} and does not say since when")

    @property
    def has_started(self) -> bool:
        """Say whether it ever gave anything: one whose first payment failed never did."""
        return self.status in STARTED


@dataclass(frozen=True)
class GrantFacts:
    """A module that an operator gives, until a moment or, with None, for good."""

    module: str
    until: datetime | None
    reason: str


@dataclass(frozen=True)
class DisputeFacts:
    """A payment that the customer's bank takes back or may take back."""

    id: str
    is_open: bool


@dataclass(frozen=True)
class AccountFacts:
    """All that is known of an account; `asked_at` is when Stripe was last asked about it, None without a customer there."""

    created: datetime
    zone: tzinfo
    asked_at: datetime | None = None
    trial_until: datetime | None = None
    subscriptions: tuple[SubscriptionFacts, ...] = ()
    grants: tuple[GrantFacts, ...] = ()
    disputes: tuple[DisputeFacts, ...] = ()

    def __post_init__(self) -> None:
        if self.subscriptions and self.asked_at is None:
            raise UnreadableFacts("subscriptions are known, but not when Stripe was asked about them")
        told = set(self.subscriptions)
        if len({each.id for each in told}) < len(told):
            raise UnreadableFacts("one subscription is told in two versions")

    def known_until(self, now: datetime) -> datetime:
        """Return up to when time counts: where there is a customer, as far as Stripe has been asked."""
        return now if self.asked_at is None else min(now, self.asked_at)


@dataclass(frozen=True)
class Quota:
    """How much may be used of something; what is soft may be passed and is paid for, what is not is refused."""

    limit: int | None
    is_soft: bool


@dataclass(frozen=True)
class Gives:
    """What one piece of a product gives."""

    modules: frozenset[str]
    seats: int | None = 0
    quotas: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """What products give and what the trial gives, and the installed modules: each with what it depends on, after it."""

    products: Mapping[str, Gives]
    trial: Gives
    depends: dict[str, tuple[str, ...]]
    always_on: frozenset[str] = frozenset()
    trial_days: int = 14
