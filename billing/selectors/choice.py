"""The plan that the company chose before it signed up, as long as nothing was bought."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tessera.errors import Refused
from tessera.wording import listed

from billing.catalogue.offers import Interval
from billing.catalogue.page import money_text
from billing.catalogue.selectors import catalogue
from billing.gateway.client import is_billing_on
from billing.mirror.customers import customer_of
from billing.models import PlanChoice
from billing.services.wanted import Wanted, lines_of
from tenants.directory import tenant_here
from tenants.models import Tenant


@dataclass(frozen=True, kw_only=True)
class BillingChoice:
    """What was chosen, to be bought just so by `billingCheckoutChosen`.

    `amount` is what an interval costs without tax and usage, null where it is not sold any more; `problem` says that then, and is
    empty otherwise. `text` is all of it in words.
    """

    plan: str
    title: str
    interval: Interval
    currency: str
    seats: int
    additions: list[str]
    amount: Decimal | None
    text: str
    problem: str


def billing_choice() -> BillingChoice | None:
    """Show the plan that the company chose when it signed up; null where it chose none, or has bought something since."""
    wanted = chosen_by(tenant_here())
    return told_of(wanted) if wanted else None


def chosen_by(tenant: Tenant) -> Wanted | None:
    """Return what a company chose, as long as it never had a subscription and anything is sold."""
    if not is_billing_on():
        return None
    customer = customer_of(tenant)
    if customer is not None and customer.subscriptions.exists():
        return None
    row = PlanChoice.objects.filter(tenant=tenant).first()
    return Wanted(row.plan, Interval(row.interval), row.currency, row.seats, tuple(row.additions)) if row else None


def told_of(wanted: Wanted) -> BillingChoice:
    """Return what is wanted as it is shown, by the catalogue of now."""
    found = catalogue()
    try:
        lines, problem = lines_of(wanted), ""
    except Refused as refused:
        lines, problem = (), str(refused)
    amount = sum((found.price_of(line.lookup_key).amount * (line.quantity or 0) for line in lines), Decimal(0))
    titles = [str(found.by_key[key].title) if key in found.by_key else key for key in (wanted.plan, *wanted.additions)]
    what = listed(titles)
    seats = ngettext("%(number)s seat", "%(number)s seats", wanted.seats) % {"number": wanted.seats}
    every = {Interval.MONTH: _("%(price)s a month"), Interval.YEAR: _("%(price)s a year")}[wanted.interval]
    told = [what, seats] if problem else [what, seats, every % {"price": money_text(amount, wanted.currency)}]
    return BillingChoice(
        plan=wanted.plan,
        title=titles[0],
        interval=wanted.interval,
        currency=wanted.currency,
        seats=wanted.seats,
        additions=list(wanted.additions),
        amount=None if problem else amount,
        text=" · ".join(told),
        problem=problem,
    )
