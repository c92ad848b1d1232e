"""The company in force as somebody who buys: its customer, what it has, and who speaks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from tessera.accounts.models import Account
from tessera.context import current
from tessera.errors import ApiError, Code, Refused

from billing.catalogue.offers import Kind
from billing.catalogue.selectors import catalogue
from billing.gateway.client import Unreachable, is_billing_on
from billing.mirror.customers import customer_of, open_customer
from billing.models import Customer, Subscription
from tenants.directory import tenant_here
from tenants.models import Tenant


def company() -> Tenant:
    """Return the tenant in force. Refused with STATE where nothing is sold."""
    if not is_billing_on():
        raise Refused("STATE", _("Nothing is sold here."))
    return tenant_here()


def speaker() -> str:
    """Return who acts, to keep with what was asked."""
    actor = current().actor
    return actor.name or actor.kind


def buyer() -> Customer | None:
    """Return the customer of the company in force; None before it buys, and where nothing is sold."""
    return customer_of(tenant_here()) if is_billing_on() else None


def make_customer(tenant: Tenant) -> Customer:
    """Return the tenant's customer, made with the address of whoever acts if there is none yet; calls Stripe then."""
    if found := customer_of(tenant):
        return found
    account = Account.objects.filter(pk=current().actor.account_id).first()
    with answered():
        return open_customer(tenant=tenant, email=account.email if account else "")


def going(customer: Customer | None) -> Subscription | None:
    """Return the subscription that a customer has: of several the one with a plan, of those the oldest; None for none."""
    if customer is None:
        return None
    over = (*Subscription.OVER, Subscription.Status.INCOMPLETE)
    rows = customer.subscriptions.exclude(status__in=over).prefetch_related("items")
    return min(rows, key=lambda row: (not _has_plan(row), row.created, row.stripe_id), default=None)


def _has_plan(row: Subscription) -> bool:
    return any(item.product.startswith(f"{Kind.PLAN}.") for item in row.items.all())


def subscribed() -> tuple[Customer, Subscription]:
    """Return the company's customer and subscription. Refused with STATE where there is none."""
    customer = customer_of(company())
    subscription = going(customer)
    if customer is None or subscription is None:
        raise Refused("STATE", _("There is no subscription."))
    return customer, subscription


def currency_of(tenant: Tenant) -> str:
    """Return the currency that prices are told to a company in: that of its subscription, else its language's, else the first."""
    customer = customer_of(tenant)
    last = customer.subscriptions.order_by("-created").first() if customer else None
    found = catalogue()
    if last is not None and last.currency in found.currencies:
        return last.currency
    own = "CNY" if tenant.language.startswith("zh") else ""
    return own if own in found.currencies else found.currencies[0]


def stripe_locale() -> str:
    """Return the reader's language as Stripe names it."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def speaker_key() -> UUID | None:
    """Return the member who acts; None where it is the system."""
    return current().actor.member_id


@contextmanager
def answered() -> Iterator[None]:
    """Tell whoever asks that Stripe does not answer, as what it is: nothing that they did."""
    try:
        yield
    except Unreachable as error:
        message = _("The payment service does not answer. Please try again in a moment.")
        raise ApiError(Code.TIMEOUT, message, reason="UNREACHABLE") from error
