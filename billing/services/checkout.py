"""Buy a first subscription: an intent of ours becomes a page at Stripe, and that a subscription which names the intent."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import stripe
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused
from tessera.service import service

from billing.catalogue.offers import Interval
from billing.catalogue.selectors import catalogue
from billing.gateway.pricing import read_promotion
from billing.gateway.sessions import AskedOtherwise, SeenSession, create_checkout, expire_checkout, read_checkout
from billing.mirror.refreshing import refresh_customer
from billing.models import Checkout, Customer, TrialExtension
from billing.permissions import BILLING_MANAGE
from billing.selectors.choice import chosen_by
from billing.services.audit import complete_checkout, tell_begun, tell_ended
from billing.services.company import answered, company, going, make_customer, speaker, speaker_key, stripe_locale
from billing.services.instructions import KEPT
from billing.services.prices import priced
from billing.services.wanted import Wanted, lines_of, shown_of
from billing.spending.caps import refuse_over_cap
from billing.spending.reckoning import is_addition, per_month
from tenants.hosts import tenant_url
from tenants.models import Tenant

TRIES = 3  # somebody else of the company may be clicking too


@dataclass(frozen=True, kw_only=True)
class CheckoutPage:
    """The page on which the company pays, and the key of its intent to buy."""

    url: str
    checkout: str


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def open_checkout(
    *,
    plan: str,
    interval: Interval,
    currency: str,
    seats: int = 1,
    additions: list[str] | None = None,
    code: str = "",
) -> CheckoutPage:
    """Return the page on which to pay for a plan with `seats` in all and offers beside it, each `additions` an offer's key.

    What is left of the company's trial is free. The same asked again is the same page; another choice closes the page before.
    Refused: STATE where there is a subscription already (change it), NOT_FOUND for what is not sold, INVALID for what is part of
    something else and for a promotion code that is none, SPEND_CAP for more additions than the company's spend cap lets it have,
    CONFLICT while somebody else chooses.
    """
    tenant = company()
    wanted = Wanted(plan, interval, currency.upper(), seats, tuple(additions or ()))
    lines = lines_of(wanted)
    bought = [catalogue().price_of(line.lookup_key).amount for line in lines if is_addition(line.product)]
    spend = sum((per_month(amount, interval, wanted.currency) for amount in bought), Decimal(0))
    refuse_over_cap(tenant, additions=spend, had=Decimal(0), currency=wanted.currency)
    customer = make_customer(tenant)
    _refuse_second(customer)
    used = customer.subscriptions.order_by("-created").first()
    if used is not None and used.currency != wanted.currency:
        raise Refused("INVALID", _("This company is billed in %(currency)s.") % {"currency": used.currency}, "currency")
    with answered():
        prices = priced(lines)
        promotion = read_promotion(code) if code else ""
    if promotion is None:
        raise Refused("INVALID", _("This promotion code is not valid."), "code")
    asked = {
        "lines": [[prices[line.lookup_key].id, line.quantity] for line in lines],
        "trial_days": 0 if used else _days_left(tenant),
        "promotion": promotion,
        "locale": stripe_locale(),
        "taxed": settings.STRIPE_TAX,
    }
    with answered():
        return _page(tenant, customer, asked, shown_of(wanted, code))


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def open_chosen_checkout(*, code: str = "") -> CheckoutPage:
    """Return the page on which to pay for just what the company chose when it signed up (see `billingChoice`).

    Refused: STATE where nothing was chosen or something was bought since, and as `billingCheckout` is: what is not sold any more
    with NOT_FOUND.
    """
    wanted = chosen_by(company())
    if wanted is None:
        raise Refused("STATE", _("Nothing was chosen before: choose a plan."))
    return open_checkout(
        plan=wanted.plan,
        interval=wanted.interval,
        currency=wanted.currency,
        seats=wanted.seats,
        additions=list(wanted.additions),
        code=code,
    )


def _refuse_second(customer: Customer) -> None:
    if going(customer):
        raise Refused("STATE", _("There is a subscription already: change it."))


def _days_left(tenant: Tenant) -> int:
    """Return the days that are left of a company's trial; one that has begun counts, so nobody loses by paying early."""
    extension = TrialExtension.objects.filter(tenant=tenant).first()
    end = extension.until if extension else tenant.created_at + timedelta(days=catalogue().trial_days)
    return max(0, ceil((end - timezone.now()) / timedelta(days=1)))


def _page(tenant: Tenant, customer: Customer, asked: dict[str, Any], shown: dict[str, Any]) -> CheckoutPage:
    for _try in range(TRIES):
        found = customer.checkouts.filter(state=Checkout.State.OPEN).first()
        if found is not None and not _is_still(found, asked):
            continue
        row = found or _keep(customer, asked, shown)
        if row is not None and (page := _at_stripe(tenant, row)):
            return page
    raise Refused("CONFLICT", _("Somebody else of the company is just buying. Please try again."))


def _is_still(row: Checkout, asked: dict[str, Any]) -> bool:
    """Say whether an open intent is the one that is asked for and can still be paid; if not it is closed, here and at Stripe."""
    if row.customer.subscriptions.filter(checkout=str(row.pk)).exists():  # it was bought, and that has ended since
        complete_checkout(row)
        return False
    if row.session is None:
        if row.asked == asked and row.created_at > timezone.now() - KEPT:
            return True
        expire_intent(row)  # its page was never seen by anybody
        return False
    is_same = row.asked == asked
    seen = read_checkout(row.session) if is_same else expire_checkout(key=row.pk, session=row.session)
    if seen.status == Checkout.State.COMPLETE:
        settle_checkout(row, seen)
        raise Refused("STATE", _("This has just been paid."))
    if is_same and seen.status == Checkout.State.OPEN:
        return True
    expire_intent(row)
    return False


def settle_checkout(row: Checkout, seen: SeenSession) -> None:
    """Keep that an intent was paid, and ask Stripe for the subscription it has become."""
    refresh_customer(customer=row.customer)
    complete_checkout(row)


def expire_intent(row: Checkout) -> None:
    """Keep that an intent was closed without being paid."""
    with transaction.atomic(using="shared"):
        if Checkout.objects.filter(pk=row.pk, state=Checkout.State.OPEN).update(state=Checkout.State.EXPIRED):
            tell_ended(row, Checkout.State.OPEN, Checkout.State.EXPIRED)


def _keep(customer: Customer, asked: dict[str, Any], shown: dict[str, Any]) -> Checkout | None:
    """Keep an intent, None where another one came first. Refused with STATE where a subscription did."""
    with transaction.atomic(using="shared"):
        Customer.objects.select_for_update().get(pk=customer.pk)
        _refuse_second(customer)
        if customer.checkouts.filter(state=Checkout.State.OPEN).exists():
            return None
        row = Checkout.objects.create(customer=customer, asked=asked, asked_by=speaker(), asked_by_member=speaker_key())
        tell_begun(row, shown)
        return row


def _at_stripe(tenant: Tenant, row: Checkout) -> CheckoutPage | None:
    """Return the page of an intent, made if it is new; None for an intent that has to be begun anew."""
    if row.session is None:
        back = f"/billing/checkout/{row.pk}"
        try:
            made = create_checkout(
                key=row.pk,
                tenant=tenant.pk,
                customer=str(row.customer.stripe_id),
                asked=row.asked,
                success=tenant_url(tenant.slug, f"{back}?paid=1"),
                cancel=tenant_url(tenant.slug, back),
            )
        except AskedOtherwise:
            expire_intent(row)
            return None
        except stripe.InvalidRequestError as error:
            expire_intent(row)
            raise Refused("INVALID", error.user_message or str(error)) from error
        kept = Checkout.objects.filter(pk=row.pk, state=Checkout.State.OPEN).update(session=made.id, url=made.url)
        if not kept:  # another choice was made meanwhile
            expire_checkout(key=row.pk, session=made.id)
            return None
        row.url = made.url
    return CheckoutPage(url=row.url, checkout=str(row.pk))
