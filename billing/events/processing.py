"""An event of Stripe's is a hint that something changed: what counts is what Stripe says when it is asked.

So neither the order of events matters, nor how often one comes, nor what it says.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.events.quarantine import Quarantined, quarantine_event
from billing.gateway.client import Unreachable, is_live
from billing.gateway.reading import read_dispute
from billing.gateway.shapes import TENANT, SeenDispute
from billing.mirror.folding import fold_dispute
from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, StripeEvent
from billing.partners.following import follow_event
from billing.reducer import UnreadableFacts

LEASE = timedelta(minutes=2)  # longer than Stripe may take to answer all that is asked
MOST_ATTEMPTS = 10  # of what fails here; Stripe may be away as long as it likes
_log = logging.getLogger(__name__)


class NotYet(Exception):
    """Raised for an event of a customer that is perhaps just being made here."""


def process_event(*, event: StripeEvent) -> None:
    """Do what an event is a hint to; whatever goes wrong is kept with it, and it is tried again or put into quarantine.

    Raises Unreachable when Stripe does not answer, for then nothing else needs to be tried either.
    """
    if not _take(event):
        return
    try:
        _process(event)
    except (Quarantined, UnreadableFacts) as reason:
        quarantine_event(event, str(reason))
    except Unreachable as reason:
        _postpone(event, str(reason))
        raise
    except Exception as error:
        _log.exception("the event %s failed", event.event_id)
        why = f"{type(error).__name__}: {error}"
        if event.attempts >= MOST_ATTEMPTS:
            quarantine_event(event, why)
        else:
            _postpone(event, why)


def _take(event: StripeEvent) -> bool:
    """Take an event up, unless somebody else has or it is not due; one that dies lets go of it after the lease."""
    now = timezone.now()
    waiting = StripeEvent.objects.filter(pk=event.pk, state=StripeEvent.State.RECEIVED, due_at__lte=now)
    event.attempts += 1
    return bool(waiting.update(due_at=now + LEASE, attempts=event.attempts))


def _postpone(event: StripeEvent, why: str) -> None:
    wait = timedelta(seconds=min(5 * 2 ** min(event.attempts, 10), 3600))
    waiting = StripeEvent.objects.filter(pk=event.pk, state=StripeEvent.State.RECEIVED)
    waiting.update(due_at=timezone.now() + wait, why=why[:1000])


def _process(event: StripeEvent) -> None:
    screen(event)
    dispute = read_dispute(event.payload["data"]["object"]["id"]) if event.type.startswith("charge.dispute.") else None
    key = dispute.customer if dispute else event.customer
    if key:
        customer = customer_of(key, event.payload["data"]["object"])
        if dispute:
            keep_dispute(customer, dispute)
        if dispute or not _is_covered(event, customer):
            refresh_customer(customer=customer)
    follow_event(event=event)
    done = StripeEvent.objects.filter(pk=event.pk, state=StripeEvent.State.RECEIVED)
    done.update(state=StripeEvent.State.DONE, done_at=timezone.now(), why="")


def screen(event: StripeEvent) -> None:
    """Raise Quarantined for an event that is not for this process."""
    if event.livemode != is_live():
        raise Quarantined("it is of the other mode")
    if event.api_version != settings.STRIPE_API_VERSION:
        raise Quarantined(f"it speaks the version {event.api_version or 'none'}, not {settings.STRIPE_API_VERSION}")


def customer_of(key: str, about: Mapping[str, Any]) -> Customer:
    """Return the customer with a key of Stripe's, which what the event is about must not contradict."""
    customer = Customer.objects.filter(stripe_id=key).first()
    if customer is None:
        if Customer.objects.filter(stripe_id=None).exists():
            raise NotYet(f"there is no customer {key}, or not yet")
        raise Quarantined(f"there is no customer {key}")
    tenant = (about.get("metadata") or {}).get(TENANT)
    if tenant is not None and tenant != str(customer.tenant_id):
        raise Quarantined(f"it says that it is of the tenant {tenant}, but {key} is not")
    return customer


def _is_covered(event: StripeEvent, customer: Customer) -> bool:
    """Say whether Stripe was asked about the customer after the event came: then what it tells is known."""
    return customer.folded_at is not None and customer.folded_at > event.received_at


def keep_dispute(customer: Customer, seen: SeenDispute) -> None:
    """Keep a dispute about a payment of a customer."""
    with transaction.atomic(using="shared"):
        fold_dispute(Customer.objects.select_for_update().get(pk=customer.pk), seen)
