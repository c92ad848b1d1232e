"""What happened to an intent to buy, for whoever comes back from the page at Stripe."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tessera.module import modules

from billing.gateway.client import Unreachable
from billing.gateway.sessions import read_checkout
from billing.mirror.customers import customer_of
from billing.models import Checkout
from billing.selectors.subscription import BillingSubscription, view_of
from billing.services.checkout import expire_intent, settle_checkout
from tenants.installations.mirror import State
from tenants.models import Installation, Tenant


class Step(StrEnum):
    """How far it is."""

    LEFT = "left"  # not paid, and the page is open
    WAITING = "waiting"  # paid, they say; the event is on its way
    COMING = "coming"  # paid; modules come on
    DONE = "done"
    GONE = "gone"  # not paid, and the page is closed


@dataclass(frozen=True)
class Purchase:
    """An intent as it is shown: `coming` and `on` are titles of modules."""

    step: Step
    page: str = ""
    subscription: BillingSubscription | None = None
    coming: tuple[str, ...] = ()
    on: tuple[str, ...] = ()


def purchase_of(tenant: Tenant, checkout: UUID, *, is_paid: bool) -> Purchase:
    """Return how far an intent of a company is; `is_paid` is what the browser says. Raises LookupError for one that it has not."""
    customer = customer_of(tenant)
    row = Checkout.objects.filter(pk=checkout, customer=customer).first() if customer else None
    if customer is None or row is None:
        raise LookupError(f"there is no checkout {checkout}")
    subscription = customer.subscriptions.filter(checkout=str(row.pk)).order_by("created").first()
    if subscription is None:
        if row.state == Checkout.State.OPEN:
            return Purchase(Step.WAITING if is_paid else Step.LEFT, page=row.url)
        return Purchase(Step.WAITING if row.state == Checkout.State.COMPLETE else Step.GONE)
    states = dict(Installation.objects.filter(tenant=tenant).values_list("module", "state"))
    coming = _titles(states, State.ENABLING)
    on = _titles(states, State.ON)
    return Purchase(Step.COMING if coming else Step.DONE, subscription=view_of(subscription), coming=coming, on=on)


def _titles(states: dict[str, str], state: State) -> tuple[str, ...]:
    return tuple(str(module.title) for label, module in modules().items() if states.get(label) == state and not module.always_on)


def look_again(tenant: Tenant, checkout: UUID) -> None:
    """Ask Stripe about an intent whose event does not come; with Stripe away it is left as it is."""
    row = Checkout.objects.filter(pk=checkout, customer__tenant=tenant, state=Checkout.State.OPEN).first()
    if row is None or row.session is None:
        return
    try:
        seen = read_checkout(row.session)
        if seen.status == Checkout.State.COMPLETE:
            settle_checkout(row, seen)
        elif seen.status == Checkout.State.EXPIRED:
            expire_intent(row)
    except Unreachable:
        return
