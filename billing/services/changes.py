"""Change what a subscription holds, after its price was shown: the preview is carried in a signed token to the change."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import stripe
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused
from tessera.fields import new_id
from tessera.service import service
from tessera.signing import BadToken, sign, unsign

from billing.catalogue.offers import Interval
from billing.gateway.bills import Bill, BillLine, preview_change
from billing.gateway.changing import CardRefused, change_items, read_subscription
from billing.gateway.client import Unreachable
from billing.gateway.shapes import SeenSubscription
from billing.models import Instruction, Subscription
from billing.permissions import BILLING_MANAGE
from billing.selectors.subscription import BillingSubscription, view_of
from billing.services.company import answered, speaker, subscribed
from billing.services.instructions import begin, finish, pending, refuse
from billing.services.items import NothingChanges, bought_anew, costs_of, items_for, wanted_of, without_covered
from billing.services.prices import priced
from billing.services.wanted import lines_of, shown_of
from billing.spending.caps import refuse_over_cap, warn_of_spend
from billing.spending.reckoning import is_addition, per_month
from tenants.directory import tenant_here

PURPOSE, ACT = "billing change", "change"
LIVES = timedelta(minutes=15)
now = timezone.now


@dataclass(frozen=True, kw_only=True)
class BillingChangePreview:
    """What a change costs: the invoice that it brings, to the cent, as long as the `token` is good.

    `now` says that it is invoiced at once; in a trial it is the first invoice after it. `due` is what is paid of `total` beside
    the credit that the company has; a negative total becomes credit. `recurring` is what each later period costs, without tax,
    discount and usage.
    """

    token: str
    good_until: datetime
    now: bool
    currency: str
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal
    recurring: Decimal
    interval: Interval
    lines: list[BillLine]


def preview_change_of_plan(
    *,
    plan: str | None = None,
    interval: Interval | None = None,
    seats: int | None = None,
    additions: list[str] | None = None,
) -> BillingChangePreview:
    """Show what a change of the subscription costs; what is not given stays. `seats` and `additions` are all that there will be.

    An addition that a new plan holds is left out. Refused as `billingCheckout` is, and INVALID where nothing would change. More
    additions than the company's spend cap lets it have are refused with SPEND_CAP, whose details are the cap and what it would come to.
    """
    _customer, row = subscribed()
    with answered():
        seen = read_subscription(row.stripe_id)
        had = wanted_of(seen)
        seats = had.seats if seats is None else seats
        wanted = replace(had, plan=plan or had.plan, interval=interval or had.interval, seats=seats)
        wanted = without_covered(wanted) if additions is None else replace(wanted, additions=tuple(additions))
        lines = lines_of(wanted, {item.product for item in seen.items})
        prices = priced(bought_anew(seen, wanted, lines))
        try:
            items = items_for(seen, wanted, lines, prices)
        except NothingChanges as error:
            raise Refused("INVALID", _("Nothing would change.")) from error
        costs = costs_of(seen, items, prices)
        spend = {
            "additions": _spent(costs, wanted.interval, seen.currency),
            "had": _spent(_costs_now(seen), had.interval, seen.currency),
        }
        refuse_over_cap(tenant_here(), **spend, currency=seen.currency)
        at = _moment_of(seen, now())
        bill = _preview(seen, items, at)
    told = {
        "subscription": seen.id,
        "base": _base(seen),
        "items": items,
        "at": None if at is None else int(at.timestamp()),
        "amounts": _amounts(bill),
        "spend": {name: format(amount, "f") for name, amount in spend.items()},
        "key": new_id().hex,
        "shown": {**shown_of(wanted), "total": format(bill.total, "f")},
    }
    return BillingChangePreview(
        token=sign(PURPOSE, told),
        good_until=timezone.now() + LIVES,
        now=at is not None,
        currency=bill.currency,
        subtotal=bill.subtotal,
        discount=bill.discount,
        tax=bill.tax,
        total=bill.total,
        due=bill.due,
        recurring=sum((amount for _product, amount in costs), Decimal(0)),
        interval=wanted.interval,
        lines=list(bill.lines),
    )


def _costs_now(seen: SeenSubscription) -> list[tuple[str, Decimal]]:
    return [(item.product, (item.amount or Decimal(0)) * item.quantity) for item in seen.items]


def _spent(costs: list[tuple[str, Decimal]], interval: Interval, currency: str) -> Decimal:
    """Return what a month costs beside the plan."""
    return sum((per_month(amount, interval, currency) for product, amount in costs if is_addition(product)), Decimal(0))


def _moment_of(seen: SeenSubscription, moment: datetime) -> datetime | None:
    """Return the moment that a change is reckoned from, within the running period; None in a trial, where nothing is reckoned."""
    if seen.status == Subscription.Status.TRIALING:
        return None
    start, end = seen.items[0].period_start, seen.items[0].period_end
    return min(max(moment.replace(microsecond=0), start), end)


def _preview(seen: SeenSubscription, items: list[dict[str, Any]], at: datetime | None) -> Bill:
    try:
        bill = preview_change(seen.id, items, at)
    except stripe.InvalidRequestError as error:
        raise Refused("INVALID", error.user_message or str(error)) from error
    if bill is None:
        raise Refused("STATE", _("The subscription ends: undo that before you change it."))
    return bill


def _base(seen: SeenSubscription) -> str:
    """Return a digest of all of a subscription that a change is reckoned from."""
    told = json.dumps(asdict(seen), sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _amounts(bill: Bill) -> list[str]:
    amounts = (bill.subtotal, bill.discount, bill.tax, bill.total, bill.due, *(line.amount for line in bill.lines))
    return [bill.currency, *(format(amount, "f") for amount in amounts)]


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def change_plan(*, token: str) -> BillingSubscription:
    """Change the subscription just as a preview showed it; the same token again changes nothing more.

    Refused: CONFLICT for a preview that is too old, or where subscription, prices, credit or discounts have changed since;
    PAYMENT_FAILED, and nothing is changed, where the invoice could not be paid; SPEND_CAP where the cap was lowered meanwhile.
    """
    told = _read(token)
    customer, row = subscribed()
    done = Instruction.State.DONE
    if customer.instructions.filter(act=ACT, subject=told["key"], state=done).exists():
        return view_of(row)
    spend = {name: Decimal(amount) for name, amount in told["spend"].items()}
    at = None if told["at"] is None else datetime.fromtimestamp(told["at"], UTC)
    with answered():
        is_new = pending(customer=customer, act=ACT, subject=told["key"]) is None
        if is_new:
            refuse_over_cap(tenant_here(), **spend, currency=row.currency)
        instruction = begin(
            customer=customer, act=ACT, asked=told, by=speaker(), subject=told["key"], is_alone=True, shown=told["shown"]
        )
        if is_new:
            _refuse_changed(instruction, row, told, at)
        _carry_out(instruction, told, at)
    warn_of_spend(tenant_here())
    return view_of(Subscription.objects.get(pk=row.pk))


def _read(token: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = unsign(PURPOSE, token, LIVES)
    except BadToken as error:
        raise Refused("CONFLICT", _("This preview is no longer good. Please look at the price again."), "token") from error
    return told


def _refuse_changed(instruction: Instruction, row: Subscription, told: dict[str, Any], at: datetime | None) -> None:
    """Refuse a change that would cost something else now than it did when it was shown; no other of ours can come in between."""
    try:
        seen = read_subscription(row.stripe_id)
        is_same = (seen.id, _base(seen)) == (told["subscription"], told["base"])
        if not is_same or _amounts(_preview(seen, told["items"], at)) != told["amounts"]:
            raise Refused("CONFLICT", _("The subscription has changed meanwhile. Please look at the price again."), "token")
    except (Refused, Unreachable) as error:  # nothing was told
        refuse(instruction, str(error))
        raise


def _carry_out(instruction: Instruction, told: dict[str, Any], at: datetime | None) -> None:
    try:
        change_items(key=instruction.pk, subscription=told["subscription"], items=told["items"], at=at)
    except CardRefused as error:
        refuse(instruction, str(error))
        raise Refused("PAYMENT_FAILED", str(error)) from error
    except stripe.InvalidRequestError as error:
        refuse(instruction, str(error))
        raise Refused("CONFLICT", error.user_message or str(error), "token") from error
    finish(instruction)
