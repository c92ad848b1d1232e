"""The figures of the business, by what is known of Stripe's books here: each is Decimal, without tax, a currency apart.

What a subscription brings a month is what its next invoice would say of its fixed lines, after the discounts that last, a
twelfth of it where it is paid by the year, a third where every three months. What is paid as used, and a discount for one
invoice alone, are no part of it.
Whether somebody is a customer say the invoices: from the first one about an amount that was paid, until the subscription ends.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from tessera.money import minor_units, round_to

from billing.catalogue.offers import Kind, months_of
from billing.catalogue.selectors import catalogue
from billing.models import Entitlement, Invoice, Subscription, SubscriptionDiscount, SubscriptionItem
from tenants.models import Tenant

LATE = (7, 21)  # days from which a company that does not pay is read-only, and suspended
Amounts = dict[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class Churn:
    """Who was lost in a month: of `customers` who paid at its beginning, `lost` did not any more at its end.

    `revenue` is what they all brought a month at its beginning, `lost_revenue` what of it ended with subscriptions in the month.
    """

    month: str
    customers: int
    lost: int
    revenue: Amounts
    lost_revenue: Amounts

    @property
    def rate(self) -> Decimal:
        """Return the share of customers that was lost, in per cent."""
        return share(self.lost, self.customers)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Of the companies that were made in a month, how many paid afterwards, are still in their trial, and did not stay."""

    month: str
    made: int
    converted: int
    in_trial: int

    @property
    def left(self) -> int:
        """Return how many neither pay nor try any more."""
        return self.made - self.converted - self.in_trial

    @property
    def rate(self) -> Decimal:
        """Return the share of those who have decided that have paid, in per cent."""
        return share(self.converted, self.made - self.in_trial)


@dataclass(frozen=True, kw_only=True)
class Dunning:
    """What is late in a currency: how many customers and invoices, the sum, and of it what is late by 7 and by 21 days."""

    currency: str
    customers: int
    invoices: int
    amount: Decimal
    late: Decimal
    very_late: Decimal


def share(part: int, whole: int) -> Decimal:
    """Return a share in per cent, to a tenth; 0 of nothing."""
    return round_to(Decimal(100 * part) / whole, 1) if whole else Decimal("0.0")


def mrr(moment: datetime | None = None) -> Amounts:
    """Return what the subscriptions that are paid for now bring a month, by currency; late ones count, paused ones do not."""
    moment = moment or timezone.now()
    rows = Subscription.objects.filter(status__in=(Subscription.Status.ACTIVE, Subscription.Status.PAST_DUE), is_paused=False)
    return _sums(rows.prefetch_related("items", "discounts"), moment)


def churn(month: datetime) -> Churn:
    """Return who was lost in the calendar month (of UTC) in which `month` is."""
    return _churn(_ever_paid(), month)


@dataclass(frozen=True)
class Paid:
    """A subscription that was paid for, and since when: the day of its first invoice about an amount that was paid."""

    row: Subscription
    since: datetime

    def is_at(self, moment: datetime) -> bool:
        """Say whether it was paid for, and had not ended, at a moment."""
        return self.since <= moment and (self.row.ended_at is None or self.row.ended_at > moment)


def _ever_paid() -> list[Paid]:
    """Return all subscriptions that were ever paid for."""
    firsts = _paid_invoices().exclude(subscription="").values_list("subscription").annotate(first=Min("created"))
    since = dict(firsts.order_by())
    rows = Subscription.objects.filter(stripe_id__in=since).prefetch_related("items", "discounts")
    return [Paid(row, since[row.stripe_id]) for row in rows]


def _paid_invoices() -> QuerySet[Invoice]:
    return Invoice.objects.filter(status=Invoice.Status.PAID, total__gt=0)


def _churn(ever: list[Paid], month: datetime) -> Churn:
    start, end = _bounds(month)
    end = min(end, timezone.now())  # of the running month what has happened
    before = [each for each in ever if each.is_at(start)]
    after = {each.row.customer_id for each in ever if each.is_at(end)}
    had = {each.row.customer_id for each in before}
    return Churn(
        month=f"{start:%Y-%m}",
        customers=len(had),
        lost=len(had - after),
        revenue=_sums((each.row for each in before), start),
        lost_revenue=_sums((each.row for each in before if not each.is_at(end)), start),
    )


def trial_conversion() -> list[Cohort]:
    """Return the companies by the month (of UTC) that they were made in, the newest first; who has paid once has converted."""
    paying = set(_paid_invoices().values_list("customer__tenant", flat=True))
    trying = _in_trial(timezone.now())
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for key, made in Tenant.objects.exclude(state=Tenant.State.PREPARING).values_list("pk", "created_at"):
        counts = found[f"{made.astimezone(UTC):%Y-%m}"]
        counts[0] += 1
        counts[1] += key in paying
        counts[2] += key in trying and key not in paying
    return [
        Cohort(month=month, made=made, converted=converted, in_trial=in_trial)
        for month, (made, converted, in_trial) in sorted(found.items(), reverse=True)
    ]


def _in_trial(now: datetime) -> set[object]:
    """Return the companies in a trial: ours, which may be longer by a favour, or the one that their subscription begins with."""
    ours = Q(trial_extension=None, created_at__gt=now - timedelta(days=catalogue().trial_days)) | Q(
        trial_extension__until__gt=now
    )
    theirs = Q(customer__subscriptions__status=Subscription.Status.TRIALING)
    return set(Tenant.objects.exclude(state=Tenant.State.DELETED).filter(ours | theirs).values_list("pk", flat=True))


def active_tenants() -> dict[str, int]:
    """Return how many companies may do how much: full, read_only, suspended, archived, and those of no use: fenced, deleted."""
    counts = dict.fromkeys(("full", "read_only", "suspended", "archived", "fenced", "deleted"), 0)
    archived = set(Entitlement.objects.filter(access=Entitlement.Access.ARCHIVED).values_list("tenant", flat=True))
    for key, state, access in Tenant.objects.exclude(state=Tenant.State.PREPARING).values_list("pk", "state", "access"):
        if state == Tenant.State.ACTIVE:
            counts[access] += 1
        else:
            counts["archived" if state == Tenant.State.SUSPENDED and key in archived else state] += 1
    return counts


def dunning(moment: datetime | None = None) -> list[Dunning]:
    """Return what was to be paid and is not, by currency."""
    moment = moment or timezone.now()
    rows = Invoice.objects.filter(unpaid_since__isnull=False, remaining__gt=0).values_list(
        "currency", "customer", "remaining", "unpaid_since"
    )
    found: dict[str, list[tuple[object, Decimal, timedelta]]] = defaultdict(list)
    for currency, customer, remaining, since in rows:
        found[currency].append((customer, remaining, moment - since))
    week, three = (timedelta(days=days) for days in LATE)
    return [
        Dunning(
            currency=currency,
            customers=len({customer for customer, _, _ in late}),
            invoices=len(late),
            amount=_cents(sum((amount for _, amount, _ in late), Decimal(0)), currency),
            late=_cents(sum((amount for _, amount, age in late if age >= week), Decimal(0)), currency),
            very_late=_cents(sum((amount for _, amount, age in late if age >= three), Decimal(0)), currency),
        )
        for currency, late in sorted(found.items())
    ]


def subscriptions_by_status() -> dict[str, int]:
    """Return how many subscriptions there are in each state."""
    rows = Subscription.objects.values_list("status").annotate(count=Count("id")).order_by("status")
    return dict(rows)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures of a moment; the churn of the running month and those before it, the newest first."""

    at: datetime
    mrr: Amounts
    churn: list[Churn]
    trials: list[Cohort]
    tenants: dict[str, int]
    subscriptions: dict[str, int]
    dunning: list[Dunning]


def all_figures(months: int = 6) -> Figures:
    """Return all figures of now."""
    now = timezone.now()
    starts = [_bounds(now)[0]]
    while len(starts) < months:
        starts.append(_bounds(starts[-1] - timedelta(days=1))[0])
    ever = _ever_paid()
    return Figures(
        at=now,
        mrr=mrr(now),
        churn=[_churn(ever, each) for each in starts],
        trials=trial_conversion(),
        tenants=active_tenants(),
        subscriptions=subscriptions_by_status(),
        dunning=dunning(now),
    )


def _bounds(month: datetime) -> tuple[datetime, datetime]:
    start = month.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)


def _sums(rows: Iterable[Subscription], moment: datetime) -> Amounts:
    found: Amounts = defaultdict(Decimal)
    for row in rows:
        found[row.currency] += monthly(row, moment)
    return dict(sorted(found.items()))


def monthly(row: Subscription, moment: datetime) -> Decimal:
    """Return what a subscription brings a month, rounded to the currency's minor unit."""
    lines = {item: _cents(item.amount * item.quantity, row.currency) for item in row.items.all() if _is_fixed(item)}
    for discount in sorted(row.discounts.all(), key=lambda each: each.place):
        if not discount.is_once and (discount.ends_at is None or discount.ends_at > moment):
            lines = _discounted(lines, discount, row.currency)
    return _cents(
        sum((amount / months_of(item.interval, item.interval_count) for item, amount in lines.items()), Decimal(0)), row.currency
    )


def _is_fixed(item: SubscriptionItem) -> bool:
    return item.amount is not None and not item.product.startswith(f"{Kind.METER}.")


def _discounted(
    lines: Mapping[SubscriptionItem, Decimal], discount: SubscriptionDiscount, currency: str
) -> dict[SubscriptionItem, Decimal]:
    """Return lines after a discount, as Stripe takes it: a share from each line, rounded; an amount from the whole."""
    left = dict(lines)
    rest = discount.amount or Decimal(0)
    for item, amount in lines.items():
        if discount.products and item.product not in discount.products:
            continue
        part = min(rest, amount) if discount.percent is None else _cents(amount * discount.percent / 100, currency)
        left[item] -= part
        rest -= part if discount.percent is None else Decimal(0)
    return left


def _cents(amount: Decimal, currency: str) -> Decimal:
    return round_to(amount, minor_units(currency))
