"""The subscription of the company as it is known here, and what it costs a period."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from billing.catalogue.offers import Interval, Kind
from billing.catalogue.selectors import catalogue
from billing.entitlements.reckoning import reckon
from billing.models import Subscription, SubscriptionItem
from billing.reducer import Access, Notice
from billing.services.company import buyer, going

Status = Subscription.Status


@dataclass(frozen=True, kw_only=True)
class BillingItem:
    """A line of the subscription: so many of an offer, `price` each for a period. What is paid as used has no quantity and no amount yet."""

    offer: str
    title: str
    kind: Kind | None
    quantity: int
    price: Decimal | None
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class BillingSubscription:
    """What the company is subscribed to.

    It is paid every `interval_count` intervals. `seats` is all there are, `included_seats` those of the plan. `amount` is what a period
    costs without tax, discount and usage. `ends_at` is when it ends if nobody undoes that, `resumes_at` when a pause ends that has
    an end.
    """

    status: Status
    access: Access
    notice: Notice | None
    plan: str
    title: str
    interval: Interval | None
    interval_count: int
    currency: str
    seats: int
    included_seats: int
    amount: Decimal
    items: list[BillingItem]
    period_start: datetime | None
    period_end: datetime | None
    trial_end: datetime | None
    ends_at: datetime | None
    paused: bool
    resumes_at: datetime | None
    unpaid_since: datetime | None


def billing_subscription() -> BillingSubscription | None:
    """Show the company's subscription, null where there is none."""
    row = going(buyer())
    return view_of(row) if row else None


def view_of(row: Subscription) -> BillingSubscription:
    """Return a subscription as it is shown."""
    found = catalogue()
    known = reckon(row.customer.tenant, timezone.now())
    lines = sorted(row.items.all(), key=lambda item: item.stripe_id)
    items = [_item(item) for item in lines]
    plan = next((item for item in items if item.kind is Kind.PLAN), None)
    included = found.by_key[plan.offer].gives.seats if plan else 0
    interval, count = (lines[0].interval, lines[0].interval_count) if lines else ("", 1)
    return BillingSubscription(
        status=Status(row.status),
        access=known.access,
        notice=known.notice,
        plan=plan.offer if plan else "",
        title=plan.title if plan else "",
        interval=Interval(interval) if interval in list(Interval) else None,
        interval_count=count,
        currency=row.currency,
        seats=included + sum(item.quantity for item in items if item.kind is Kind.SEAT),
        included_seats=included,
        amount=sum((item.amount for item in items), Decimal(0)),
        items=items,
        period_start=lines[0].period_start if lines else None,
        period_end=lines[0].period_end if lines else None,
        trial_end=row.trial_end,
        ends_at=row.cancel_at,
        paused=row.is_paused or row.status == Status.PAUSED,
        resumes_at=row.resumes_at,
        unpaid_since=row.unpaid_since,
    )


def _item(item: SubscriptionItem) -> BillingItem:
    offer = catalogue().by_key.get(item.product)
    is_metered = offer is not None and offer.kind is Kind.METER
    price = item.amount if not is_metered else None
    return BillingItem(
        offer=item.product,
        title=str(offer.title) if offer else item.product,
        kind=offer.kind if offer else None,
        quantity=0 if is_metered else item.quantity,
        price=item.amount,
        amount=(price or Decimal(0)) * item.quantity,
    )
