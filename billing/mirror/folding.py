"""What Stripe says becomes rows; the differences are told in words, for whoever compares."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from billing.entitlements.reckoning import subscriptions_of
from billing.gateway.shapes import Seen, SeenDiscount, SeenDispute, SeenInvoice
from billing.models import Customer, Dispute, Invoice, Subscription, SubscriptionDiscount, SubscriptionItem
from billing.reducer import SubscriptionFacts

UPDATED = ["status", "currency", "trial_end", "cancel_at", "ended_at", "is_paused", "resumes_at", "unpaid_since", "checkout"]
ITEM = ["product", "price", "interval", "interval_count", "amount", "quantity", "period_start", "period_end"]
DISCOUNT = ["percent", "amount", "is_once", "ends_at", "products"]
INVOICE = ["subscription", "number", "status", "currency", "total", "remaining", "unpaid_since"]


def fold_customer(customer: Customer, seen: Seen, moment: datetime) -> list[str]:
    """Make the rows of a customer what Stripe says, in the transaction in force; return what was different."""
    before = subscriptions_of(customer)
    if seen.is_deleted:
        going = customer.subscriptions.exclude(status__in=Subscription.OVER)
        going.update(status=Subscription.Status.CANCELED, ended_at=moment)
    _fold_invoices(customer, seen.invoices)
    _fold_subscriptions(customer, seen)
    return list(differences(before, subscriptions_of(customer)))


def _fold_subscriptions(customer: Customer, seen: Seen) -> None:
    in_order = sorted(seen.invoices, key=lambda each: each.created)
    late = {each.subscription: each.unpaid_since for each in reversed(in_order) if each.unpaid_since}
    over_first = sorted(seen.subscriptions, key=lambda each: each.status not in Subscription.OVER)  # they free their checkout
    rows = [
        Subscription(
            customer=customer,
            stripe_id=each.id,
            created=each.created,
            unpaid_since=late.get(each.id),
            **{name: getattr(each, name) for name in UPDATED if name != "unpaid_since"},
        )
        for each in over_first
    ]
    Subscription.objects.bulk_create(rows, update_conflicts=True, unique_fields=["stripe_id"], update_fields=UPDATED)
    kept = {row.stripe_id: row for row in customer.subscriptions.filter(stripe_id__in=[each.id for each in over_first])}
    items = [(kept[each.id], item) for each in over_first for item in each.items]
    SubscriptionItem.objects.filter(subscription__in=kept.values()).exclude(stripe_id__in=[item.id for _, item in items]).delete()
    lines = [
        SubscriptionItem(subscription=row, stripe_id=item.id, **{name: getattr(item, name) for name in ITEM})
        for row, item in items
    ]
    SubscriptionItem.objects.bulk_create(lines, update_conflicts=True, unique_fields=["stripe_id"], update_fields=ITEM)
    _fold_discounts(kept, {each.id: each.discounts for each in over_first})


def _fold_discounts(kept: Mapping[str, Subscription], seen: Mapping[str, Iterable[SeenDiscount]]) -> None:
    rows = [
        SubscriptionDiscount(
            subscription=kept[key], stripe_id=each.id, place=place, **{name: getattr(each, name) for name in DISCOUNT}
        )
        for key, discounts in seen.items()
        for place, each in enumerate(discounts)
    ]
    gone = SubscriptionDiscount.objects.filter(subscription__in=kept.values()).exclude(
        stripe_id__in=[row.stripe_id for row in rows]
    )
    gone.delete()
    SubscriptionDiscount.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["stripe_id"], update_fields=["place", *DISCOUNT]
    )


def _fold_invoices(customer: Customer, seen: Iterable[SeenInvoice]) -> None:
    rows = [
        Invoice(customer=customer, stripe_id=each.id, created=each.created, **{name: getattr(each, name) for name in INVOICE})
        for each in seen
    ]
    Invoice.objects.bulk_create(rows, update_conflicts=True, unique_fields=["stripe_id"], update_fields=INVOICE)


def fold_dispute(customer: Customer, seen: SeenDispute) -> None:
    """Keep a dispute as Stripe says it is."""
    values = {"status": seen.status, "is_open": seen.is_open, "created": seen.created}
    Dispute.objects.update_or_create(stripe_id=seen.id, defaults=values, create_defaults={**values, "customer": customer})


def differences(before: Iterable[SubscriptionFacts], after: Iterable[SubscriptionFacts]) -> Iterator[str]:
    """Yield what differs between two tellings of the subscriptions of a customer, one sentence each."""
    was = {each.id: each for each in before}
    for each in after:
        old = was.get(each.id)
        if old is None:
            yield f"{each.id} was not known: {each.status}"
        elif old.status != each.status:
            yield f"{each.id} was {old.status}: {each.status}"
        elif old != each:
            yield f"{each.id} was known otherwise"
