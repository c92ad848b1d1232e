"""Make time act: tell what comes, and bring what has ended to its end."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from billing.entitlements.reckoning import account_of, catalogue_facts
from billing.gateway.client import Unreachable
from billing.lifecycle.closing import bring_to_end, closing_of
from billing.lifecycle.letters import send_letters
from billing.lifecycle.telling import next_after, tell
from billing.lifecycle.turns import turns_of
from billing.mirror.customers import customer_of
from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, Entitlement
from tenants.models import Tenant

AT_ONCE = 200
LATER = timedelta(hours=1)  # until what went wrong is tried again
SOON = timedelta(minutes=5)  # until a customer is asked about again about whom there was no answer
UNANSWERED = 3  # customers in a row without an answer: then Stripe is away, and not only one of them beyond its reach
FRESH = timedelta(minutes=2)  # so long what Stripe said stands for what it says
_log = logging.getLogger(__name__)


def act_by_time() -> None:
    """Go through the companies whose time has come, and send what was written; what fails for one keeps no other back.

    Where there is a customer Stripe is asked first, unless it just was since that time came: as long as it does not answer,
    nothing is told of time, and nothing ends. A customer about whom there is no answer goes to the end of the line; when there is
    none about several in a row, nobody else is asked about, and those who need no asking go on.
    """
    due = Entitlement.objects.filter(act_at__lte=timezone.now()).order_by("act_at").values_list("tenant", flat=True)
    silent = 0
    for key in list(due[:AT_ONCE]):
        try:
            tenant = Tenant.objects.get(pk=key)
            customer = _to_ask_about(tenant)
            if customer is not None and silent >= UNANSWERED:
                continue
            if customer is not None:
                refresh_customer(customer=customer)
                silent = 0
            _live(Entitlement.objects.select_related("tenant").get(tenant=tenant), timezone.now())
        except Unreachable as reason:
            silent += 1
            _log.warning("Stripe does not answer about the tenant %s, nothing is told of time to it: %s", key, reason)
            if silent == UNANSWERED:
                _log.error("Stripe is away: it answered about none of %s customers in a row, the others wait", UNANSWERED)
            Entitlement.objects.filter(tenant=key).update(act_at=timezone.now() + SOON)
        except Exception:
            _log.exception("the time of the tenant %s could not be acted by", key)
            Entitlement.objects.filter(tenant=key).update(act_at=timezone.now() + LATER)
    send_letters()


def _to_ask_about(tenant: Tenant) -> Customer | None:
    """Return the customer about whom Stripe is to be asked before time counts; None where there is none, or it just was."""
    customer = customer_of(tenant)
    if customer is None or tenant.state == Tenant.State.DELETED or _is_fresh(tenant, customer):
        return None
    return customer


def _is_fresh(tenant: Tenant, customer: Customer) -> bool:
    """Say whether Stripe was asked after a company's time had come, and just now: by the sweep, or for an event."""
    due = Entitlement.objects.filter(tenant=tenant).values_list("act_at", flat=True).get()
    known = customer.known_at
    return known is not None and due is not None and known >= due and known > timezone.now() - FRESH


def _live(entitlement: Entitlement, now: datetime) -> None:
    tenant = entitlement.tenant
    account = account_of(tenant)
    moment = account.known_until(now)
    turns = turns_of(account, catalogue_facts(), moment)
    closing = closing_of(entitlement, now)
    if tenant.state != Tenant.State.DELETED:
        tell(tenant, entitlement.access, entitlement.notice, turns, closing, moment)
    again = bring_to_end(closing, now) if closing else None
    dates = [date for date in (next_after(turns, closing, moment), again) if date is not None]
    mine = Entitlement.objects.filter(pk=entitlement.pk, act_at=entitlement.act_at)  # not what came meanwhile
    mine.update(act_at=min(dates, default=None))
