"""Which of Stripe's events are about partners, and what they are a hint to."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing.catalogue.selectors import catalogue
from billing.gateway.money import invoices_paid_by, read_given_back
from billing.gateway.shapes import key_of
from billing.models import Invoice, Partner, PartnerLine, SharedInvoice, StripeEvent
from billing.partners.folding import settle_invoice
from billing.partners.onboarding import refresh_account

LATEST = timedelta(days=180)  # what was given back earlier is decided
OF_INVOICE = {"invoice.paid"}
OF_NOTE = {"credit_note.created", "credit_note.updated", "credit_note.voided"}
OF_PAYMENT = {
    *("refund.created", "refund.updated", "refund.failed", "charge.refunded", "charge.refund.updated"),
    *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
    *("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"),
}


def follow_event(*, event: StripeEvent) -> None:
    """Do what an event is a hint to where it is about a partner: ask about its account, or about an invoice and what was given back.

    Raises Unreachable and Quarantined. Where nothing is sold for partners nobody is asked.
    """
    if not catalogue().partners:
        return
    about = event.payload["data"]["object"]
    if event.type == "account.updated":
        partner = Partner.objects.filter(account=about["id"]).first()
        if partner is not None:
            refresh_account(partner=partner)
        return
    for invoice in _invoices(event.type, about):
        known = SharedInvoice.objects.filter(stripe_id=invoice).first()
        if known is None or known.folded_at is None or known.folded_at <= event.received_at:
            settle_invoice(invoice=invoice)


def _invoices(kind: str, about: Any) -> list[str]:
    if kind in OF_INVOICE:
        return [about["id"]]
    if kind in OF_NOTE:
        return [key_of(about["invoice"])]
    intent = key_of(about.get("payment_intent")) if kind in OF_PAYMENT else ""
    return invoices_paid_by(intent) if intent else []


def unsettled() -> Iterator[str]:
    """Yield the invoices that perhaps lack something here: paid ones that nobody has looked at, and those of which was given back lately.

    Raises Unreachable.
    """
    if not catalogue().partners:
        return
    seen = SharedInvoice.objects.filter(folded__gt=0).values("stripe_id")
    unseen = Invoice.objects.filter(status=Invoice.Status.PAID).exclude(stripe_id__in=seen).order_by("created")
    yield from list(unseen.values_list("stripe_id", flat=True))
    mine = set(PartnerLine.objects.values_list("invoice__stripe_id", flat=True))
    yield from sorted(mine & set(read_given_back(timezone.now() - LATEST)))


def refresh_accounts() -> None:
    """Ask Stripe about each partner's account. Raises Unreachable."""
    for partner in Partner.objects.filter(account__isnull=False):
        refresh_account(partner=partner)
