"""The billing portal: its configurations and sessions. Its page is in `portal_pages`."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

REASONS = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
SWITCH: forms.Shape = {"enabled": forms.boolean}
FEATURES = forms.nested(
    {
        "customer_update": forms.nested({**SWITCH, "allowed_updates": forms.listed(forms.text)}),
        "invoice_history": forms.nested(SWITCH),
        "payment_method_update": forms.nested(SWITCH),
        "subscription_cancel": forms.nested(
            {
                **SWITCH,
                "cancellation_reason": forms.nested({**SWITCH, "options": forms.listed(forms.choice(*REASONS))}),
                "mode": forms.choice("at_period_end", "immediately"),
                "proration_behavior": forms.choice("always_invoice", "create_prorations", "none"),
            }
        ),
        "subscription_update": forms.nested(SWITCH),
    }
)
PROFILE = forms.nested(dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"), forms.text))
CONFIGURATION: forms.Shape = {
    "business_profile": PROFILE,
    "default_return_url": forms.text,
    "features": FEATURES,
    "login_page": forms.nested(SWITCH),
    "metadata": forms.strings,
    "name": forms.text,
}
URL = "/v1/billing_portal/configurations"


def _features(asked: forms.Form) -> Row:
    if (asked.get("subscription_update") or {}).get("enabled"):
        raise StripeError("The portal of the local Stripe changes no plans.", param="features[subscription_update][enabled]")
    none: Row = {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": False},
        "payment_method_update": {"enabled": False, "payment_method_configuration": None},
        "subscription_cancel": {
            "cancellation_reason": {"enabled": False, "options": list(REASONS)},
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": [],
            "enabled": False,
            "products": None,
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }
    return {name: {**none[name], **(asked.get(name) or {})} for name in none}


def _make(local: "Local", asked: forms.Form, *, default: bool = False) -> Row:
    at = local.clock.now()
    none = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    return local.store.add(
        {
            "object": "billing_portal.configuration",
            "active": True,
            "application": None,
            "business_profile": {**none, **(asked.get("business_profile") or {})},
            "created": at,
            "default_return_url": asked.get("default_return_url"),
            "features": _features(asked["features"]),
            "is_default": default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": asked.get("metadata") or {},
            "name": asked.get("name"),
            "updated": at,
        }
    )


def _default(local: "Local") -> Row:
    """Return the configuration for sessions that name none; it offers everything."""
    kept = next(local.store.of("billing_portal.configuration", is_default=True), None)
    every = {"enabled": True}
    features = {"invoice_history": every, "payment_method_update": every, "subscription_cancel": every}
    return kept or _make(local, {"features": features}, default=True)


@route("POST", URL)
def create_configuration(local: "Local", form: forms.Form) -> Row:
    row = _make(local, forms.read(form, CONFIGURATION, required=("features",)))
    emit(local, "billing_portal.configuration.created", row)
    return row


@route("POST", URL + "/{}")
def update_configuration(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("billing_portal.configuration", key)
    asked = forms.read(form, {**CONFIGURATION, "active": forms.boolean})
    features = _features({name: {**row["features"][name], **each} for name, each in asked.pop("features", {}).items()})
    with changing(local, "billing_portal.configuration.updated", row):
        for name in form.get("features", {}):
            row["features"][name] = features[name]
        row["business_profile"].update(asked.pop("business_profile", None) or {})
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        asked.pop("login_page", None)
        row.update(asked, updated=local.clock.now())
    return row


@route("GET", URL + "/{}")
def retrieve_configuration(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("billing_portal.configuration", key)


@route("GET", URL)
def list_configurations(local: "Local", form: forms.Form) -> Row:
    shape = {"active": forms.boolean, "is_default": forms.boolean}
    return page(local, local.store.of("billing_portal.configuration"), form, URL, shape)


AFTER = forms.nested(
    {
        "redirect": forms.nested({"return_url": forms.text}, required=("return_url",)),
        "type": forms.choice("hosted_confirmation", "portal_homepage", "redirect"),
    },
    required=("type",),
)
FLOW = forms.nested(
    {
        "after_completion": AFTER,
        "subscription_cancel": forms.nested({"subscription": forms.text}, required=("subscription",)),
        "type": forms.choice("payment_method_update", "subscription_cancel"),
    },
    required=("type",),
)


@route("POST", "/v1/billing_portal/sessions")
def create_session(local: "Local", form: forms.Form) -> Row:
    shape = {
        "configuration": forms.text,
        "customer": forms.text,
        "flow_data": FLOW,
        "locale": forms.text,
        "return_url": forms.text,
    }
    asked = forms.read(form, shape, required=("customer",))
    local.store.get("customer", asked["customer"], "customer")
    key = asked.get("configuration")
    configuration = local.store.get("billing_portal.configuration", key, "configuration") if key else _default(local)
    flow = asked.get("flow_data")
    if flow and flow["type"] == "subscription_cancel":
        if "subscription_cancel" not in flow:
            raise StripeError("Missing required param.", code="parameter_missing", param="flow_data[subscription_cancel]")
        local.store.get(
            "subscription", flow["subscription_cancel"]["subscription"], "flow_data[subscription_cancel][subscription]"
        )
    key = new_id("billing_portal.session")
    return local.store.add(
        {
            "id": key,
            "object": "billing_portal.session",
            "configuration": configuration["id"],
            "created": local.clock.now(),
            "customer": asked["customer"],
            "customer_account": None,
            "flow": _flow(flow) if flow else None,
            "livemode": False,
            "locale": asked.get("locale"),
            "on_behalf_of": None,
            "return_url": asked.get("return_url") or configuration["default_return_url"],
            "url": f"{local.origin}/p/session/{key}",
        }
    )


def _flow(asked: forms.Form) -> Row:
    after = asked.get("after_completion") or {"type": "portal_homepage"}
    cancel = asked.get("subscription_cancel")
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": after.get("redirect"), "type": after["type"]},
        "subscription_cancel": {"retention": None, **cancel} if cancel else None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": asked["type"],
    }
