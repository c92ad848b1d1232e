"""Changes of a subscription: its items and their proration, its trial, its end, its pauses."""

from typing import TYPE_CHECKING

from billing.local_stripe import changes, coupons, forms, lifecycle, payment_methods, proration
from billing.local_stripe.changes import PRORATION, items_of, planned
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import payment_error
from billing.local_stripe.invoices import waiting
from billing.local_stripe.rendering import shown
from billing.local_stripe.routing import page, route
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row
from billing.local_stripe.subscription_rows import automatic_tax
from billing.local_stripe.subscriptions import COMMON, trial_end_of

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

PAUSE = forms.nested(
    {"behavior": forms.choice("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": forms.count}, required=("behavior",)
)
ANCHOR = forms.nested({"type": forms.choice("now", "unchanged")}, required=("type",))
UPDATE: forms.Shape = {
    **COMMON,
    "billing_cycle_anchor": ANCHOR,
    "cancellation_details": forms.nested({"comment": forms.text, "feedback": forms.text}),
    "items": changes.ITEMS,
    "pause_collection": PAUSE,
    "proration_date": forms.count,
}
PLAIN = ("collection_method", "days_until_due", "description", "pause_collection")


def _live(local: "Local", key: str) -> Row:
    row = local.store.get("subscription", key)
    if row["status"] in OVER:
        raise StripeError("A canceled subscription can only update its cancellation_details and metadata.")
    return row


@route("POST", "/v1/subscriptions/{}")
def update_subscription(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, UPDATE)
    return update(local, local.store.get("subscription", key), asked)


def update(local: "Local", row: Row, asked: forms.Form) -> Row:
    """Change a subscription as read from a form."""
    if set(asked) - {"metadata", "cancellation_details"}:
        _live(local, row["id"])
    at, behavior = local.now(row), asked.get("proration_behavior") or "create_prorations"
    plan = planned(local, asked.get("items") or [], items_of(local, row), row["currency"])
    moment = _moment(local, row, asked, at)
    if asked.get("payment_behavior") == "error_if_incomplete":
        _must_be_paid(local, row, asked)
    pairs = coupons.chosen(local, asked.get("discounts"), row["customer"])
    trial = trial_end_of(asked, at)
    with changing(local, "customer.subscription.updated", row):
        _set_plain(local, row, asked)
        if "discounts" in asked:
            row["discounts"] = coupons.give(local, pairs, row["customer"], subscription=row["id"])
        _set_items(local, row, plan, moment, behavior, asked, trial)
        _set_end(local, row, asked, at)
    return row


def _anchor(asked: forms.Form) -> str | None:
    """Return whether the cycle begins anew, `now`, or stays `unchanged`, where the call says so."""
    return (asked.get("billing_cycle_anchor") or {}).get("type")


def _moment(local: "Local", row: Row, asked: forms.Form, at: int) -> int:
    """Return the moment that prorations are reckoned at: within the running period."""
    moment = asked.get("proration_date")
    if moment is None:
        return at
    running = items_of(local, row)[0]
    if not running["current_period_start"] <= moment <= running["current_period_end"]:
        raise StripeError("Cannot specify `proration_date` outside of the current billing period.", param="proration_date")
    return int(moment)


def _must_be_paid(local: "Local", row: Row, asked: forms.Form) -> None:
    """Refuse a change whose invoice would not be paid: try it on a copy first."""
    with local.copy_of(row["customer"]) as copy:
        other = update(copy, copy.store.get("subscription", row["id"]), {**asked, "payment_behavior": "allow_incomplete"})
        invoice = copy.store.kinds["invoice"][other["latest_invoice"]]
        if other["latest_invoice"] != row["latest_invoice"] and invoice["status"] == "open":
            raise payment_error(copy, invoice)


def _set_plain(local: "Local", row: Row, asked: forms.Form) -> None:
    row.update({name: asked[name] for name in PLAIN if name in asked})
    if "metadata" in asked:
        row["metadata"] = forms.merged(row["metadata"], asked["metadata"])
    if asked.get("pause_collection"):
        row["pause_collection"] = {
            "behavior": asked["pause_collection"]["behavior"],
            "resumes_at": asked["pause_collection"].get("resumes_at"),
        }
    if "default_payment_method" in asked:
        key = asked["default_payment_method"]
        found = payment_methods.claim(local, key, row["customer"], "default_payment_method") if key else None
        row["default_payment_method"] = found["id"] if found else None
    if "automatic_tax" in asked:
        row["automatic_tax"] = automatic_tax(asked)
    if "default_tax_rates" in asked:
        rates = [local.store.get("tax_rate", key, "default_tax_rates") for key in asked["default_tax_rates"] or []]
        row["default_tax_rates"] = [shown(local, rate) for rate in rates]
    row["cancellation_details"].update(asked.get("cancellation_details") or {})
    row["payment_settings"].update(asked.get("payment_settings") or {})
    if asked.get("trial_settings"):
        row["trial_settings"]["end_behavior"].update(asked["trial_settings"]["end_behavior"])


def _set_items(
    local: "Local", row: Row, plan: list[changes.Change], moment: int, behavior: str, asked: forms.Form, trial: int | None
) -> None:
    """Change items and cycle, and bill what has to be billed now."""
    running = local.store.kinds["price"][items_of(local, row)[0]["price"]]["recurring"]
    new = next((change.price["recurring"] for change in plan if not change.gone), running)
    rhythm = ("interval", "interval_count")
    other_rhythm = any(running[name] != new[name] for name in rhythm)
    trialing, prorate = row["status"] == "trialing", behavior != "none" and row["status"] in ("active", "past_due", "unpaid")
    ends_trial = trialing and asked.get("trial_end") == "now"
    if trial is not None:
        changes.apply(local, row, plan, moment, prorate=prorate)
        if prorate:
            for item in items_of(local, row):
                proration.credit(local, row, item, moment)
        lifecycle.start_trial(local, row, local.now(row), trial)
        lifecycle.bill(local, row, "subscription_update", lifecycle.trial_lines(local, row, (local.now(row), trial)))
    elif ends_trial or (not trialing and (other_rhythm or _anchor(asked) == "now")):
        if prorate:
            for item in items_of(local, row):
                proration.credit(local, row, item, moment)
        changes.apply(local, row, plan, moment, prorate=False)
        if ends_trial:
            row.update(trial_end=local.now(row), status="active")
        lifecycle.restart(local, row, local.now(row), "subscription_update")
    else:
        changes.apply(local, row, plan, moment, prorate=prorate)
        if behavior == "always_invoice" and any(item["proration"] for item in waiting(local, row["customer"], row["id"])):
            lifecycle.bill(local, row, "subscription_update", [])


def _set_end(local: "Local", row: Row, asked: forms.Form, at: int) -> None:
    if asked.get("cancel_at_period_end") is not None:
        end = items_of(local, row)[0]["current_period_end"]
        if asked["cancel_at_period_end"]:
            row.update(cancel_at_period_end=True, cancel_at=end, canceled_at=at)
            row["cancellation_details"]["reason"] = "cancellation_requested"
        else:
            row.update(cancel_at_period_end=False, cancel_at=None, canceled_at=None)
            row["cancellation_details"]["reason"] = None
    elif "cancel_at" in asked:
        end = asked["cancel_at"]
        if end is not None and end <= at:
            raise StripeError("cancel_at must be in the future.", param="cancel_at")
        row.update(cancel_at=end, canceled_at=at if end else None, cancel_at_period_end=False)


@route("POST", "/v1/subscriptions/{}/pause")
def pause_subscription(local: "Local", form: forms.Form, key: str) -> Row:
    until = forms.nested({"type": forms.choice("none", "now")}, required=("type",))
    unused = forms.nested({"type": forms.choice("item_current_period_start", "none", "now")}, required=("type",))
    shape = {
        "bill_for": forms.nested({"outstanding_usage_through": until, "unused_time_from": unused}),
        "invoicing_behavior": forms.choice("invoice", "pending_invoice_item"),
        "type": forms.choice("subscription"),
    }
    asked = forms.read(form, shape)
    row = _live(local, key)
    if row["status"] not in ("active", "trialing", "past_due"):
        raise StripeError(f"A subscription that is {row['status']} cannot be paused.")
    bill_for = asked.get("bill_for") or {}
    unused_from = (bill_for.get("unused_time_from") or {"type": "now"})["type"]
    at = local.now(row)
    if unused_from != "none" and row["status"] == "active":
        for item in items_of(local, row):
            proration.credit(local, row, item, at if unused_from == "now" else item["current_period_start"])
    usage = (bill_for.get("outstanding_usage_through") or {"type": "now"})["type"] == "now" and row["status"] == "active"
    lines = lifecycle.usage_lines(local, row, at) if usage else []
    if asked.get("invoicing_behavior") == "invoice" or any(line["amount"] for line in lines):
        lifecycle.bill(local, row, "subscription_update", lines)
    lifecycle.suspend(local, row, "pause_requested")
    return row


@route("POST", "/v1/subscriptions/{}/resume")
def resume_subscription(local: "Local", form: forms.Form, key: str) -> Row:
    shape = {
        "billing_cycle_anchor": ANCHOR,
        "payment_behavior": forms.choice("resume_on_payment_attempt", "resume_on_payment_success"),
        "proration_behavior": PRORATION,
        "proration_date": forms.count,
    }
    asked = forms.read(form, shape)
    row = _live(local, key)
    if row["status"] != "paused":
        raise StripeError("You can only resume subscriptions that are paused.")
    at = local.now(row)
    waits = asked.get("payment_behavior") == "resume_on_payment_success"
    with changing(local, "customer.subscription.updated", row):
        if not waits:
            row["status"] = "active"
            row.pop("status_details", None)
        if _anchor(asked) == "unchanged":
            _go_on(local, row, asked, at)
        else:
            lifecycle.restart(local, row, at, "subscription_update", _resumes=waits)
    if row["status"] == "active":
        emit(local, "customer.subscription.resumed", row)
    return row


def _go_on(local: "Local", row: Row, asked: forms.Form, at: int) -> None:
    """Go on in the old rhythm: the rest of the running period is asked for."""
    behavior = asked.get("proration_behavior") or "create_prorations"
    lifecycle.set_period(local, row, lifecycle.period_at(local, row, at))
    for item in items_of(local, row) if behavior != "none" else ():
        proration.debit(local, row, item, asked.get("proration_date") or at)
    if behavior == "always_invoice":
        lifecycle.bill(local, row, "subscription_update", [])


@route("DELETE", "/v1/subscriptions/{}/discount")
def delete_discount(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = _live(local, key)
    with changing(local, "customer.subscription.updated", row):
        gone, row["discounts"] = row["discounts"], []
    for each in gone:
        emit(local, "customer.discount.deleted", local.store.kinds["discount"][each])
    return {"id": (gone or [""])[0], "object": "discount", "deleted": True}


ITEM_UPDATE: forms.Shape = {
    "metadata": forms.strings,
    "payment_behavior": COMMON["payment_behavior"],
    "price": forms.text,
    "proration_behavior": PRORATION,
    "proration_date": forms.count,
    "quantity": forms.count,
}
OF_SUBSCRIPTION = ("payment_behavior", "proration_behavior", "proration_date")


def _one_item(local: "Local", subscription: str, asked: forms.Form, **item: object) -> Row:
    of = {name: asked[name] for name in OF_SUBSCRIPTION if name in asked}
    one = {name: asked[name] for name in ("metadata", "price", "quantity", "clear_usage") if name in asked}
    return update(local, local.store.get("subscription", subscription, "subscription"), {**of, "items": [{**one, **item}]})


@route("POST", "/v1/subscription_items")
def create_item(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, {**ITEM_UPDATE, "subscription": forms.text}, required=("subscription", "price"))
    row = _one_item(local, asked["subscription"], asked)
    return items_of(local, row)[-1]


@route("POST", "/v1/subscription_items/{}")
def update_item(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, ITEM_UPDATE)
    item = local.store.get("subscription_item", key)
    _one_item(local, item["subscription"], asked, id=key)
    return item


@route("DELETE", "/v1/subscription_items/{}")
def delete_item(local: "Local", form: forms.Form, key: str) -> Row:
    shape = {**{name: ITEM_UPDATE[name] for name in OF_SUBSCRIPTION}, "clear_usage": forms.boolean}
    asked = forms.read(form, shape)
    _one_item(local, local.store.get("subscription_item", key)["subscription"], asked, id=key, deleted=True)
    return {"id": key, "object": "subscription_item", "deleted": True}


@route("GET", "/v1/subscription_items/{}")
def retrieve_item(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("subscription_item", key)


@route("GET", "/v1/subscription_items")
def list_items(local: "Local", form: forms.Form) -> Row:
    asked = form.get("subscription", "")
    rows = items_of(local, local.store.get("subscription", asked, "subscription")) if asked else []
    return page(
        local, rows, form, "/v1/subscription_items", {"subscription": forms.text}, required=("subscription",), newest_first=False
    )
