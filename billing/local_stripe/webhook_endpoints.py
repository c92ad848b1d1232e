"""Webhook endpoints: where events go besides the address of the command line."""

import secrets
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

ENDPOINT: forms.Shape = {
    "description": forms.text,
    "enabled_events": forms.listed(forms.text),
    "metadata": forms.strings,
    "url": forms.text,
}
URL = "/v1/webhook_endpoints"


@route("POST", URL)
def create_endpoint(local: "Local", form: forms.Form) -> Row:
    """Make an endpoint; its secret is told this once."""
    asked = forms.read(
        form, {**ENDPOINT, "api_version": forms.text, "connect": forms.boolean}, required=("enabled_events", "url")
    )
    secret = f"whsec_{secrets.token_hex(16)}"
    row = local.store.add(
        {
            "object": "webhook_endpoint",
            "api_version": asked.get("api_version"),
            "application": None,
            "created": local.clock.now(),
            "description": asked.get("description"),
            "enabled_events": asked["enabled_events"],
            "livemode": False,
            "metadata": asked.get("metadata") or {},
            "status": "enabled",
            "url": asked["url"],
            "_secret": secret,
        }
    )
    return {**row, "secret": secret}


@route("POST", URL + "/{}")
def update_endpoint(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("webhook_endpoint", key)
    asked = forms.read(form, {**ENDPOINT, "disabled": forms.boolean})
    if "disabled" in asked:
        row["status"] = "disabled" if asked.pop("disabled") else "enabled"
    if "metadata" in asked:
        asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
    row.update(asked)
    return row


@route("GET", URL + "/{}")
def retrieve_endpoint(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("webhook_endpoint", key)


@route("GET", URL)
def list_endpoints(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("webhook_endpoint"), form, URL)


@route("DELETE", URL + "/{}")
def delete_endpoint(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    local.store.remove(local.store.get("webhook_endpoint", key))
    return {"id": key, "object": "webhook_endpoint", "deleted": True}
