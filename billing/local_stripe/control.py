"""What only the local Stripe has: its clock, its faults, its deliveries, its settings."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.faults import SHAPE, Faults
from billing.local_stripe.invoice_payments import dunning
from billing.local_stripe.renewals import settle
from billing.local_stripe.routing import route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


@route("GET", "/_local/clock")
def read_clock(local: "Local", form: forms.Form) -> Row:
    forms.read(form, {})
    return {"object": "local.clock", "now": local.clock.now(), "frozen": local.clock.state.get("frozen") is not None}


@route("POST", "/_local/clock")
def move_clock(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, {"advance": forms.count, "freeze": forms.boolean, "to": forms.count})
    if ("advance" in asked) + ("to" in asked) > 1:
        raise StripeError("Give advance or to, not both.", param="to")
    if asked.get("freeze"):
        local.clock.freeze()
    if "advance" in asked or "to" in asked:
        local.clock.move(asked["to"] if "to" in asked else local.clock.now() + asked["advance"])
        settle(local)
    return read_clock(local, {})


@route("GET", "/_local/faults")
def read_faults(local: "Local", form: forms.Form) -> Row:
    forms.read(form, {})
    return local.faults.told()


@route("POST", "/_local/faults")
def set_faults(local: "Local", form: forms.Form) -> Row:
    """Replace all faults: what is not given is well again."""
    asked = forms.read(form, SHAPE)
    local.faults = Faults(**{name: value for name, value in asked.items() if value is not None})
    return local.faults.told()


@route("GET", "/_local/deliveries")
def list_deliveries(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, {"event": forms.text, "type": forms.text})
    found = [row for row in list(local.delivery.log) if all(row[name] == value for name, value in asked.items())]
    return {"object": "list", "data": found, "has_more": False, "url": "/_local/deliveries"}


@route("POST", "/_local/events/{}/resend")
def resend_event(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    event = local.store.get("event", key)
    event["_failed"] = False
    event["pending_webhooks"] = local.delivery.announce(event)
    return event


@route("GET", "/_local/settings")
def read_settings(local: "Local", form: forms.Form) -> Row:
    forms.read(form, {})
    return {"object": "local.settings", "dunning": dunning(local)}


@route("POST", "/_local/settings")
def set_settings(local: "Local", form: forms.Form) -> Row:
    """Set how failed payments are retried, and the status after the last retry."""
    shape = {"retry_after_days": forms.listed(forms.count), "then": forms.choice("canceled", "past_due", "unpaid")}
    asked = forms.read(form, {"dunning": forms.nested(shape)})
    dunning(local).update(asked.get("dunning") or {})
    return read_settings(local, {})
