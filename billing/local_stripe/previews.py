"""Previews of invoices: the real change and the real renewal, made on a copy that nobody sees.

So a preview cannot differ from what comes: it is reckoned by the same code.
"""

from typing import TYPE_CHECKING

from billing.local_stripe import changes, coupons, forms, lifecycle
from billing.local_stripe.changes import items_of
from billing.local_stripe.errors import StripeError
from billing.local_stripe.invoices import upcoming_id
from billing.local_stripe.rendering import shown
from billing.local_stripe.routing import route
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row
from billing.local_stripe.subscription_updates import UPDATE, update
from billing.local_stripe.subscriptions import make

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

NAMES = ("cancel_at", "cancel_at_period_end", "default_tax_rates", "proration_behavior", "proration_date", "trial_end")
ANCHOR = forms.nested({"timestamp": forms.count, "type": forms.choice("now", "timestamp", "unchanged")}, required=("type",))
DETAILS = forms.nested(
    {
        **{name: UPDATE[name] for name in NAMES},
        "billing_cycle_anchor": ANCHOR,
        "cancel_now": forms.boolean,
        "items": changes.ITEMS,
    }
)
PREVIEW: forms.Shape = {
    "automatic_tax": UPDATE["automatic_tax"],
    "currency": forms.currency,
    "customer": forms.text,
    "discounts": forms.listed(coupons.ASKED),
    "preview_mode": forms.choice("next"),
    "subscription": forms.text,
    "subscription_details": DETAILS,
}


@route("POST", "/v1/invoices/create_preview")
def create_preview(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, PREVIEW)
    key, customer = asked.get("subscription"), asked.get("customer")
    if not key and not customer:
        raise StripeError("You must supply customer or subscription.", code="parameter_missing", param="customer")
    row = local.store.get("subscription", key, "subscription") if key else None
    customer = str(local.store.get("customer", row["customer"] if row else customer or "", "customer")["id"])
    details = asked.get("subscription_details") or {}
    with local.copy_of(customer) as other:
        other.previewing = True
        if row is None and not details.get("items"):
            key = _next_of(local, customer)
        of_change = key and other.store.get("subscription", key)
        invoice = _of_change(other, of_change, details, asked) if of_change else _of_new(other, customer, details, asked)
        return _as_preview(other, invoice)


def _next_of(local: "Local", customer: str) -> str:
    """Return the subscription of a customer that is billed next."""
    live = [row for row in local.store.of("subscription", customer=customer) if row["status"] not in OVER]
    if not live:
        raise StripeError("No upcoming invoices for customer: " + customer, status=404, code="invoice_upcoming_none")
    return str(min(live, key=lambda row: items_of(local, row)[0]["current_period_end"])["id"])


def _of_change(local: "Local", row: Row, details: forms.Form, asked: forms.Form) -> Row:
    before = row["latest_invoice"]
    if (details.get("billing_cycle_anchor") or {}).get("type") == "timestamp":
        raise StripeError(
            "The local Stripe moves the cycle of a subscription to no other moment than now.",
            param="subscription_details[billing_cycle_anchor][type]",
        )
    given = {name: value for name, value in details.items() if name != "cancel_now"}
    given.update({name: asked[name] for name in ("discounts", "automatic_tax") if name in asked})
    if given:
        update(local, row, given)
    if details.get("cancel_now"):
        lifecycle.cancel(local, row, reason=None, invoice_now=True, prorate=given.get("proration_behavior") != "none")
    if row["latest_invoice"] == before and row["status"] not in (*OVER, "paused"):
        _go_on(local, row)
    if row["latest_invoice"] == before:
        raise StripeError("No upcoming invoices for this subscription.", status=404, code="invoice_upcoming_none")
    return local.store.kinds["invoice"][row["latest_invoice"]]


def _go_on(local: "Local", row: Row) -> None:
    """Let time pass until the subscription is billed next: at its renewal, or at its end if that comes first."""
    end = items_of(local, row)[0]["current_period_end"]
    if row["cancel_at"] is not None and row["cancel_at"] <= end:
        _go_to(local, row, row["cancel_at"])
        lifecycle.cancel(local, row, reason=None, invoice_now=True)
        return
    _go_to(local, row, end)
    row["default_payment_method"] = (
        row["default_payment_method"] or "pm_preview"
    )  # a trial without a card is previewed as if it had one
    lifecycle.renew(local, row)


def _go_to(local: "Local", row: Row, moment: int) -> None:
    if row["test_clock"]:
        local.store.kinds["test_helpers.test_clock"][row["test_clock"]]["frozen_time"] = moment
    else:
        local.clock.freeze(moment)


def _of_new(local: "Local", customer: str, details: forms.Form, asked: forms.Form) -> Row:
    given = {name: value for name, value in details.items() if name not in ("cancel_now", "proration_date")}
    given.update({name: asked[name] for name in ("discounts", "automatic_tax", "currency") if name in asked})
    anchor = given.pop("billing_cycle_anchor", None) or {"type": "now"}
    if anchor["type"] == "timestamp":
        given["billing_cycle_anchor"] = anchor.get("timestamp")
    row = make(local, {**given, "customer": customer})
    return local.store.kinds["invoice"][row["latest_invoice"]]


def _as_preview(local: "Local", invoice: Row) -> Row:
    """Return a draft as a preview shows it: it has no place to be found at, and is never finalized by itself."""
    public = shown(local, invoice)
    key = upcoming_id()
    public.update(id=key, auto_advance=False, automatically_finalizes_at=None, status="draft")
    for line in public["lines"]["data"]:
        line["invoice"] = key
    details = (public["parent"] or {}).get("subscription_details")
    if details:
        details["subscription_proration_date"] = local.now(invoice)
    return {**public, "_shown": True}
