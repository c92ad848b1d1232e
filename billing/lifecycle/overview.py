"""How the company in force stands with its bills, as everybody in it is told."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from billing.entitlements.reckoning import account_of, catalogue_facts
from billing.gateway.client import is_billing_on
from billing.lifecycle.texts import banner_of, billing_url
from billing.lifecycle.turns import Turn, turns_of
from billing.models import Closing, Invoice
from billing.reducer import Access, Notice, reduce
from tenants.directory import tenant_here
from tenants.models import Tenant


@dataclass(frozen=True, kw_only=True)
class ComingAccess:
    """From when on the company may do less, or more, if nothing happens."""

    at: datetime
    access: Access


@dataclass(frozen=True, kw_only=True)
class AmountDue:
    """What is to be paid, in one currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class BillingStanding:
    """How far the company may be used, what everybody in it is told on every page, and what comes next.

    `banner` is null where there is nothing to say, `link` leads to where it is paid. `deleted_at` is when all data goes.
    Where nothing is sold, everything may be used.
    """

    access: Access
    notice: Notice | None
    banner: str | None
    link: str
    due: list[AmountDue]
    coming: list[ComingAccess]
    deleted_at: datetime | None


def billing_standing() -> BillingStanding:
    """Show how far this company may be used, what its people are told of it, and the dates of what comes next."""
    return standing_of(tenant_here())


def standing_of(tenant: Tenant) -> BillingStanding:
    """Return how a company stands with its bills now."""
    link = billing_url(tenant)
    if not is_billing_on():
        return BillingStanding(access=Access.FULL, notice=None, banner=None, link=link, due=[], coming=[], deleted_at=None)
    account, now = account_of(tenant), timezone.now()
    moment = account.known_until(now)
    found, turns = reduce(account, catalogue_facts(), now), turns_of(account, catalogue_facts(), moment)
    closing = Closing.objects.filter(tenant=tenant).first()
    banner = banner_of(tenant, found.access, found.notice, turns[0].at if turns else None)
    return BillingStanding(
        access=found.access,
        notice=found.notice,
        banner=banner or None,
        link=link,
        due=_due(tenant),
        coming=[_coming(turn) for turn in turns],
        deleted_at=closing.delete_at if closing else None,
    )


def _coming(turn: Turn) -> ComingAccess:
    return ComingAccess(at=turn.at, access=turn.access)


def _due(tenant: Tenant) -> list[AmountDue]:
    unpaid = Invoice.objects.filter(customer__tenant=tenant, unpaid_since__isnull=False, remaining__gt=0)
    sums = unpaid.values_list("currency").annotate(amount=Sum("remaining")).order_by("currency")
    return [AmountDue(amount=amount, currency=currency) for currency, amount in sums]
