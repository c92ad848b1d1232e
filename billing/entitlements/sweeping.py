"""Work out anew what tenants may use whose time has come; what fails for one keeps no other back."""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from billing.catalogue.selectors import catalogue
from billing.entitlements.entitling import settle_entitlement
from billing.gateway.client import Unreachable
from billing.lifecycle.turns import FIRST_REMINDER
from billing.mirror.customers import customer_of
from billing.mirror.refreshing import refresh_customer
from billing.models import Entitlement, Setback
from tenants.models import Tenant

AT_ONCE = 500  # tenants of each kind that one sweep looks at
LATER = timedelta(hours=1)  # until what failed by itself is tried again
SOON = timedelta(minutes=1)  # until a customer is asked about again about whom there was no answer
UNANSWERED = 3  # customers in a row without an answer: then Stripe is away, and not only one of them beyond its reach
_log = logging.getLogger(__name__)


def sweep_entitlements(*, is_away: bool = False) -> None:
    """Settle all whose time has come; where there is a customer, Stripe is asked first, unless it `is_away` already.

    A customer about whom there is no answer goes to the end of the line, and no time counts for it. When there is none about
    several, nobody else is asked about, and those without a customer are settled all the same.
    """
    now = timezone.now()
    silent = UNANSWERED if is_away else 0
    for tenant in _due(now):
        customer = customer_of(tenant)
        try:
            if customer is None:
                settle_entitlement(tenant=tenant, now=now)
            elif silent < UNANSWERED:
                refresh_customer(customer=customer)
                silent = 0
            else:
                continue
        except Unreachable as reason:
            silent += 1
            _log.warning("Stripe does not answer about %s, everything stays as it is: %s", customer, reason)
            Entitlement.objects.filter(tenant=tenant).update(recheck_at=now + SOON)
            continue
        except Exception as error:
            _log.exception("what the tenant %s may use could not be worked out", tenant.pk)
            note_setback(tenant, f"{type(error).__name__}: {error}", now)
            continue
        Setback.objects.filter(tenant=tenant).delete()


def _due(now: datetime) -> list[Tenant]:
    """Return the tenants whose time has come, and those that were never settled and are near the end of their trial."""
    rested = Tenant.objects.filter(Q(setback=None) | Q(setback__again_at__lte=now))
    due = rested.filter(entitlement__recheck_at__lte=now).order_by("entitlement__recheck_at")
    ending = now - timedelta(days=catalogue().trial_days) + FIRST_REMINDER
    unheard = rested.filter(entitlement=None, created_at__lte=ending).order_by("created_at")
    unheard = unheard.exclude(state__in=(Tenant.State.PREPARING, Tenant.State.DELETED))
    return [*due[:AT_ONCE], *unheard[:AT_ONCE]]


def note_setback(tenant: Tenant, why: str, now: datetime) -> None:
    """Keep why a tenant could not be settled, and try it again later: also one that has no entitlement yet."""
    values = {"why": why[:1000], "again_at": now + LATER}
    Setback.objects.update_or_create(
        tenant=tenant, defaults={**values, "attempts": F("attempts") + 1}, create_defaults={**values, "since": now}
    )
