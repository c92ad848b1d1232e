"""Subscriptions: made, shown, listed, ended. Their changes are in `subscription_updates`."""

from typing import TYPE_CHECKING

from billing.local_stripe import coupons, forms, lifecycle, payment_methods
from billing.local_stripe.amounts import share
from billing.local_stripe.calendar_months import period_around
from billing.local_stripe.changes import ITEM, PRORATION, Change, add_item, items_of, planned
from billing.local_stripe.clock import DAY
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.invoice_payments import payment_error
from billing.local_stripe.lines import period_line
from billing.local_stripe.proration import is_metered
from billing.local_stripe.rendering import shown
from billing.local_stripe.routing import page, route
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row
from billing.local_stripe.subscription_rows import new_row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

END = forms.nested(
    {
        "end_behavior": forms.nested(
            {
                "missing_payment_method": forms.choice("cancel", "create_invoice", "pause"),
            }
        )
    },
    required=("end_behavior",),
)
COMMON: forms.Shape = {
    "automatic_tax": forms.nested({"enabled": forms.boolean}, required=("enabled",)),
    "cancel_at": forms.count,
    "cancel_at_period_end": forms.boolean,
    "collection_method": forms.choice("charge_automatically", "send_invoice"),
    "days_until_due": forms.count,
    "default_payment_method": forms.text,
    "default_tax_rates": forms.listed(forms.text),
    "description": forms.text,
    "discounts": forms.listed(coupons.ASKED),
    "metadata": forms.strings,
    "off_session": forms.boolean,
    "payment_behavior": forms.choice("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "payment_settings": forms.nested({"save_default_payment_method": forms.choice("off", "on_subscription")}),
    "proration_behavior": PRORATION,
    "trial_end": forms.moment,
    "trial_settings": END,
}
CREATE: forms.Shape = {
    **COMMON,
    "billing_cycle_anchor": forms.count,
    "billing_mode": forms.nested({"type": forms.choice("flexible")}),
    "currency": forms.currency,
    "customer": forms.text,
    "items": forms.listed(forms.nested({name: ITEM[name] for name in ("price", "quantity", "metadata")}, required=("price",))),
    "trial_period_days": forms.count,
}


def trial_end_of(asked: forms.Form, at: int) -> int | None:
    """Return when the trial that a form asks for ends; None without one."""
    if asked.get("trial_end") is not None and asked.get("trial_period_days") is not None:
        raise StripeError("You may only specify one of these parameters: trial_end, trial_period_days.", param="trial_end")
    if asked.get("trial_period_days"):
        return at + int(asked["trial_period_days"]) * DAY
    end = asked.get("trial_end")
    if end is None or end == "now":
        return None
    if end <= at:
        raise StripeError("Invalid timestamp: must be an integer Unix timestamp in the future.", param="trial_end")
    return int(end)


@route("POST", "/v1/subscriptions")
def create_subscription(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, CREATE, required=("customer", "items"))
    return make(local, asked)


def make(local: "Local", asked: forms.Form, *, method: Row | None = None) -> Row:
    """Make a subscription as read from a form; `method` is a card that was just given and pays for it."""
    customer = local.store.get("customer", asked["customer"], "customer")
    at = local.now(customer)
    changes = planned(local, asked["items"], [], asked.get("currency") or customer["currency"])
    currency = changes[0].price["currency"]
    trial = trial_end_of(asked, at)
    anchor = asked.get("billing_cycle_anchor")
    if anchor is not None and (trial or anchor <= at or anchor > period_around(at, changes[0].price["recurring"], at)[1]):
        raise StripeError(
            "billing_cycle_anchor must be in the future, within a period, and without a trial.", param="billing_cycle_anchor"
        )
    pairs = coupons.chosen(local, asked.get("discounts"), customer["id"])
    rates = [local.store.get("tax_rate", key, "default_tax_rates") for key in asked.get("default_tax_rates") or []]
    key = asked.get("default_payment_method")
    method = payment_methods.claim(local, key, customer["id"], "default_payment_method") if key else method
    by_invoice = asked.get("collection_method") == "send_invoice"
    if by_invoice != (asked.get("days_until_due") is not None):
        raise StripeError("days_until_due goes with collection_method send_invoice.", param="days_until_due")
    behavior = asked.get("payment_behavior") or "allow_incomplete"
    known = method or customer["invoice_settings"]["default_payment_method"] or by_invoice
    if not known and not trial and behavior != "default_incomplete" and not local.previewing:
        raise StripeError(
            "This customer has no attached payment source or default payment method. Please consider adding a default payment method.",
            code="resource_missing",
        )
    if behavior == "error_if_incomplete" and not local.previewing:
        _must_be_paid(local, asked, customer["id"], method)
    subscription = local.store.add(new_row(customer, asked, currency, at))
    subscription["default_payment_method"] = method["id"] if method else None
    subscription["default_tax_rates"] = [shown(local, rate) for rate in rates]
    subscription["discounts"] = coupons.give(local, pairs, customer["id"], subscription=subscription["id"])
    _begin(local, subscription, changes, at, anchor, trial, asked, behavior)
    return subscription


def _begin(
    local: "Local",
    subscription: Row,
    changes: list[Change],
    at: int,
    anchor: int | None,
    trial: int | None,
    asked: forms.Form,
    behavior: str,
) -> None:
    """Set the first period, bill it, and give the subscription the standing that its payment gives it."""
    subscription["billing_cycle_anchor"] = anchor or at
    period = (at, trial or anchor or period_around(at, changes[0].price["recurring"], at)[1])
    for change in changes:
        add_item(local, subscription, change, period)
    if trial:
        lifecycle.start_trial(local, subscription, at, trial)
        lines = lifecycle.trial_lines(local, subscription, period)
    else:
        lines = _first_lines(local, subscription, period, asked.get("proration_behavior") or "create_prorations")
    if subscription["collection_method"] == "send_invoice" and not trial:
        subscription["status"] = "active"
    _set_end(local, subscription, asked)
    emit(local, "customer.subscription.created", subscription)
    if trial and trial - at < lifecycle.WARNING:
        lifecycle.warn(local, subscription)
    invoice = lifecycle.draw_up(local, lifecycle.customer_of(local, subscription), subscription, "subscription_create", lines)
    lifecycle.finalize(local, invoice)
    if (
        invoice["status"] == "open"
        and invoice["collection_method"] == "charge_automatically"
        and behavior != "default_incomplete"
    ):
        lifecycle.attempt(local, invoice)


def _set_end(local: "Local", subscription: Row, asked: forms.Form) -> None:
    at = local.now(subscription)
    if asked.get("cancel_at_period_end"):
        end = items_of(local, subscription)[0]["current_period_end"]
        subscription.update(cancel_at_period_end=True, cancel_at=end, canceled_at=at)
    elif asked.get("cancel_at"):
        subscription.update(cancel_at=asked["cancel_at"], canceled_at=at)


def _first_lines(local: "Local", subscription: Row, period: tuple[int, int], proration: str) -> list[Row]:
    """Return the lines of a first period; one that only leads to a later anchor costs its share, or nothing."""
    start, end = period_around(subscription["billing_cycle_anchor"], _price(local, subscription)["recurring"], period[0])
    if (start, end) == period:
        return lifecycle.period_lines(local, subscription, period)
    lines = []
    for item in items_of(local, subscription):
        if not is_metered(local, item):
            full = period_line(local, item, period)["amount"]
            part = share(full, left=period[1] - period[0], whole=end - start) if proration != "none" else 0
            lines.append(period_line(local, item, period, amount=part))
    return lines


def _price(local: "Local", subscription: Row) -> Row:
    return local.store.kinds["price"][items_of(local, subscription)[0]["price"]]


def _must_be_paid(local: "Local", asked: forms.Form, customer: str, method: Row | None) -> None:
    """Refuse a subscription whose first invoice would not be paid: try it on a copy first."""
    with local.copy_of(customer) as copy:
        made = make(copy, {**asked, "payment_behavior": "allow_incomplete"}, method=method)
        if made["status"] == "incomplete":
            raise payment_error(copy, copy.store.kinds["invoice"][made["latest_invoice"]])


@route("GET", "/v1/subscriptions/{}")
def retrieve_subscription(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("subscription", key)


@route("GET", "/v1/subscriptions")
def list_subscriptions(local: "Local", form: forms.Form) -> Row:
    shape = {
        "collection_method": forms.text,
        "customer": forms.text,
        "price": forms.text,
        "status": forms.choice(
            *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired"),
            *("past_due", "paused", "trialing", "unpaid"),
        ),
        "test_clock": forms.text,
    }

    def match(row: Row, asked: forms.Form) -> bool:
        status = asked.get("status")
        same = (row[name] == asked[name] for name in ("collection_method", "customer", "test_clock") if name in asked)
        ok = {None: row["status"] not in OVER, "all": True, "ended": row["status"] in OVER}.get(status, row["status"] == status)
        prices = {item["price"] for item in items_of(local, row)} if "price" in asked else set()
        return all(same) and ok and ("price" not in asked or asked["price"] in prices)

    return page(local, local.store.of("subscription"), form, "/v1/subscriptions", shape, match=match)


@route("DELETE", "/v1/subscriptions/{}")
def cancel_subscription(local: "Local", form: forms.Form, key: str) -> Row:
    details = forms.nested({"comment": forms.text, "feedback": forms.text})
    asked = forms.read(form, {"cancellation_details": details, "invoice_now": forms.boolean, "prorate": forms.boolean})
    row = local.store.get("subscription", key)
    if row["status"] in OVER:
        raise StripeError(f"No such subscription: '{key}'", status=404, code="resource_missing", param="id")
    lifecycle.cancel(
        local,
        row,
        reason="cancellation_requested",
        invoice_now=bool(asked.get("invoice_now")),
        prorate=bool(asked.get("prorate")),
        details=asked.get("cancellation_details"),
    )
    return row
