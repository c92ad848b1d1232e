"""Test clocks: customers who hang on one live in its time."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.clock import DAY
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.renewals import settle_clock
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

URL = "/v1/test_helpers/test_clocks"


@route("POST", URL)
def create_clock(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, {"frozen_time": forms.count, "name": forms.text}, required=("frozen_time",))
    row = local.store.add(
        {
            "object": "test_helpers.test_clock",
            "created": local.clock.now(),
            "deletes_after": local.clock.now() + 30 * DAY,
            "frozen_time": asked["frozen_time"],
            "livemode": False,
            "name": asked.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )
    emit(local, "test_helpers.test_clock.created", row)
    return row


@route("POST", URL + "/{}/advance")
def advance_clock(local: "Local", form: forms.Form, key: str) -> Row:
    """Advance at once, though the answer still says `advancing`, as Stripe's does."""
    asked = forms.read(form, {"frozen_time": forms.count}, required=("frozen_time",))
    row = local.store.get("test_helpers.test_clock", key)
    if asked["frozen_time"] <= row["frozen_time"]:
        raise StripeError("frozen_time must be in the future of the clock.", param="frozen_time")
    emit(local, "test_helpers.test_clock.advancing", row, also={"status": "advancing"})
    settle_clock(local, row, asked["frozen_time"])
    emit(local, "test_helpers.test_clock.ready", row)
    return {**row, "status": "advancing"}


@route("GET", URL + "/{}")
def retrieve_clock(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("test_helpers.test_clock", key)


@route("GET", URL)
def list_clocks(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("test_helpers.test_clock"), form, URL)


@route("DELETE", URL + "/{}")
def delete_clock(local: "Local", form: forms.Form, key: str) -> Row:
    """Delete a clock and the customers on it."""
    forms.read(form, {})
    row = local.store.get("test_helpers.test_clock", key)
    gone = {customer["id"] for customer in local.store.of("customer", test_clock=key)}
    for kind, rows in list(local.store.kinds.items()):
        if kind not in ("event", "_idempotency"):
            for each in [each for each in rows.values() if gone & {each["id"], each.get("customer"), each.get("_customer")}]:
                local.store.remove(each)
    local.store.remove(row)
    emit(local, "test_helpers.test_clock.deleted", row)
    return {"id": key, "object": "test_helpers.test_clock", "deleted": True}
