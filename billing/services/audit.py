"""What a company buys and has us tell Stripe, in its own audit: who, what, and what came of it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast
from tessera.audit.outside import audited_outside, record_outside
from tessera.context import Actor, current_or_none, enter

from billing.models import Checkout, Customer, Instruction, Subscription
from billing.permissions import BILLING_VIEW
from tenants.models import Tenant

WISH = ("plan", "interval", "currency", "seats", "additions", "code")
WRITTEN = (Tenant.State.ACTIVE, Tenant.State.SUSPENDED)  # those whose schema is there and up to date

audited_outside(Checkout, permission=BILLING_VIEW, fields=("state", *WISH))
audited_outside(
    Instruction, permission=BILLING_VIEW, fields=("act", "state", "why", *WISH, "total", "ends", "comment", "until", "resumes")
)


def tell_begun(row: Checkout | Instruction, shown: Mapping[str, Any]) -> None:
    """Write that somebody of the company in force began something; in the transaction that keeps it.

    Without a company in force nothing is written: then an operator acts for one whose schema is not there.
    """
    if current_or_none() is None:
        return
    act = {"act": row.act} if isinstance(row, Instruction) else {}
    record_outside(row, verb="create", before={}, after={**act, **shown, "state": str(row.state)})


def tell_ended(row: Checkout | Instruction, before: str, after: str, why: str = "") -> None:
    """Write what came of it; in the transaction that keeps it, and where its beginning was written."""
    if current_or_none() is None:
        return
    record_outside(
        row, verb="update", before={"state": str(before)}, after={"state": str(after), **({"why": why} if why else {})}
    )


def complete_checkout(row: Checkout) -> None:
    """Keep that an intent to buy was paid, once; the audit names who began it, whoever finds out."""
    tenant = row.customer.tenant
    with transaction.atomic(using="shared"):
        mine = Checkout.objects.filter(pk=row.pk, state=Checkout.State.OPEN)
        if mine.update(state=Checkout.State.COMPLETE) and tenant.state in WRITTEN:
            with enter(tenant.ref(), actor=_buyer(row), modules=frozenset()):
                tell_ended(row, Checkout.State.OPEN, Checkout.State.COMPLETE)


def _buyer(row: Checkout) -> Actor:
    kind = "member" if row.asked_by_member else "system"
    return Actor(kind=kind, member_id=row.asked_by_member, name=row.asked_by)


def complete_bought(customer: Customer) -> None:
    """Complete the intents of a customer that have become a subscription."""
    mine = Subscription.objects.filter(customer=customer, checkout=Cast(OuterRef("pk"), CharField()))
    for row in customer.checkouts.filter(Exists(mine), state=Checkout.State.OPEN).select_related("customer__tenant"):
        complete_checkout(row)
