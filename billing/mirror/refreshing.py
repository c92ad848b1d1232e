"""Ask Stripe about a customer and make what is known here, and what its tenant may use, the same.

Stripe is asked outside of any transaction, so two processes may ask at once and be answered in any order. Each takes a number
before it asks, and the answer to a number is dropped when that to a later one is kept already: it would be older news.
"""

import logging
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from billing.entitlements.entitling import settle_entitlement
from billing.events.quarantine import Quarantined
from billing.gateway.client import is_live
from billing.gateway.reading import read_customer
from billing.gateway.shapes import Seen, SeenSubscription
from billing.gateway.writing import cancel_duplicate, finalize_invoice
from billing.mirror.asking import Asking, begin_asking
from billing.mirror.folding import fold_customer
from billing.models import Customer, Subscription
from billing.services.audit import complete_bought

_log = logging.getLogger(__name__)
_TAKE_NUMBER = """
UPDATE billing_customer SET asked = asked + 1 WHERE id = %s RETURNING asked, clock_timestamp()
"""


def refresh_customer(*, customer: Customer) -> list[str]:
    """Ask Stripe about a customer, keep the answer and give what follows; return in words what had been different here.

    A second subscription of one checkout is ended before anything is kept, and what Stripe holds back of one that is paid up is
    asked for. Raises Unreachable, Quarantined where the customer is not the tenant's, UnreadableFacts; nothing is kept then.
    """
    asking, seen = _ask(customer)
    again, held = duplicates(seen.subscriptions), held_back(seen)
    for each in again:
        cancel_duplicate(each.id)
    for invoice in held:
        finalize_invoice(invoice)
    if again or held:
        asking, seen = _ask(customer)
    with transaction.atomic(using="shared"):
        row = Customer.objects.select_for_update().select_related("tenant").get(pk=customer.pk)
        if row.folded > asking.number:
            return []
        told = fold_customer(row, seen, asking.moment)
        row.folded, row.folded_at, row.known_at = asking.number, asking.began, asking.moment
        row.save(update_fields=["folded", "folded_at", "known_at"])
        settle_entitlement(tenant=row.tenant, now=timezone.now(), asked=asking.moment)
    _complete(row)
    return told


def _complete(customer: Customer) -> None:
    """Complete what was bought; the company's own audit tells it, whose tables are not what an event may fail by."""
    try:
        complete_bought(customer)
    except Exception:
        _log.exception("what %s bought is not in its company's audit yet; the next asking tries again", customer)


def _ask(customer: Customer) -> tuple[Asking, Seen]:
    assert customer.stripe_id  # whoever asks has one to ask for
    asking = take_number(customer)
    seen = read_customer(customer.stripe_id)
    if not seen.is_deleted and seen.tenant != str(customer.tenant_id):
        raise Quarantined(f"Stripe says that {seen.customer} is of the tenant {seen.tenant or 'nobody'}")
    if not seen.is_deleted and seen.livemode != is_live():
        raise Quarantined(f"{seen.customer} is of the other mode")
    return asking, seen


def take_number(customer: Customer) -> Asking:
    """Return the next number of an asking, which begins now."""
    return begin_asking(_TAKE_NUMBER, [customer.pk])


def held_back(seen: Seen) -> list[str]:
    """Return the latest draft of each unpaid subscription of which nothing is open any more.

    Stripe asks for nothing more once it has given up on an invoice: who pays that one later would stay locked out. What was drawn up
    in between is not asked for.
    """
    found = []
    for each in seen.subscriptions:
        mine = [invoice for invoice in seen.invoices if invoice.subscription == each.id]
        drafts = [invoice for invoice in mine if invoice.status == "draft"]
        is_open = any(invoice.status in ("open", "uncollectible") for invoice in mine)
        if each.status == Subscription.Status.UNPAID and drafts and not is_open:
            found.append(max(drafts, key=lambda invoice: (invoice.created, invoice.id)).id)
    return found


def duplicates(subscriptions: Iterable[SeenSubscription]) -> list[SeenSubscription]:
    """Return the subscriptions that a checkout made beside another one: of several the paid stays, of those the oldest."""
    going = [each for each in subscriptions if each.checkout and each.status not in Subscription.OVER]
    first: dict[str, str] = {}
    again = []
    for each in sorted(going, key=lambda each: (each.status == Subscription.Status.INCOMPLETE, each.created, each.id)):
        if first.setdefault(each.checkout, each.id) != each.id:
            again.append(each)
    return again
