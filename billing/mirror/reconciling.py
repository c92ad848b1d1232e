"""Compare everything with Stripe, heal it, and say what was missing: what no webhook told."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from billing.events.inbox import BadEvent, keep_event
from billing.events.processing import keep_dispute, process_event
from billing.gateway.client import Unreachable
from billing.gateway.reading import read_customers, read_disputes, read_undelivered
from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, Dispute, StripeEvent
from billing.partners.folding import settle_invoice
from billing.partners.following import refresh_accounts, unsettled

KEPT_THERE = timedelta(days=30)  # Stripe forgets events then
OPEN_FOR = timedelta(days=180)  # a dispute that began longer ago is decided
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gap:
    """Something that Stripe knew and this side did not, or knew otherwise: about a customer or an event."""

    about: str
    what: str

    def __str__(self) -> str:
        return f"{self.about}: {self.what}"


def reconcile_with_stripe() -> list[Gap]:
    """Fetch the events that Stripe could not deliver, ask about every customer, and heal; return each gap.

    What fails for one customer keeps none of the others back and is a gap itself. Raises Unreachable when Stripe is away.
    """
    now = timezone.now()
    gaps = [*_undelivered(now - KEPT_THERE), *_disputes(now - OPEN_FOR)]
    for customer in Customer.objects.filter(stripe_id__isnull=False).order_by("id").iterator():
        gaps += _compared(customer)
    for invoice in unsettled():
        gaps += _settled(invoice)
    refresh_accounts()
    known = set(Customer.objects.filter(stripe_id__isnull=False).values_list("stripe_id", flat=True))
    strange = ((key, tenant) for key, tenant in read_customers().items() if key not in known)
    return gaps + [Gap(key, f"Stripe has it for the tenant {tenant}, here is none") for key, tenant in strange]


def _undelivered(since: datetime) -> Iterator[Gap]:
    for payload in read_undelivered(since):
        try:
            event = keep_event(payload=payload, source=StripeEvent.Source.RECONCILER)
        except BadEvent as reason:
            yield Gap(payload["id"], str(reason))
            continue
        if event is not None:
            yield Gap(event.event_id, f"{event.type} had not arrived")
    for event in StripeEvent.objects.filter(state=StripeEvent.State.RECEIVED):
        process_event(event=event)


def _disputes(since: datetime) -> Iterator[Gap]:
    for seen in read_disputes(since):
        customer = Customer.objects.filter(stripe_id=seen.customer).first() if seen.customer else None
        known = Dispute.objects.filter(stripe_id=seen.id).first()
        if customer is not None and (known is None or known.status != seen.status):
            keep_dispute(customer, seen)
            yield Gap(seen.customer, f"the dispute {seen.id} was {known.status if known else 'not known'}: {seen.status}")


def _settled(invoice: str) -> list[Gap]:
    try:
        return [Gap(invoice, f"{line.partner} lacked {line.net} {line.currency}") for line in settle_invoice(invoice=invoice)]
    except Unreachable:
        raise
    except Exception as error:
        _log.exception("what of the invoice %s is partners' could not be booked", invoice)
        return [Gap(invoice, f"{type(error).__name__}: {error}")]


def _compared(customer: Customer) -> list[Gap]:
    name = str(customer)
    try:
        return [Gap(name, told) for told in refresh_customer(customer=customer)]
    except Unreachable:
        raise
    except Exception as error:
        _log.exception("the customer %s could not be compared", name)
        return [Gap(name, f"{type(error).__name__}: {error}")]
