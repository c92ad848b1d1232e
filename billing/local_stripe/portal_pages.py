"""The page of the billing portal: invoices, the card, and the end of a subscription."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms, lifecycle, pages, payment_methods
from billing.local_stripe.amounts import price_of, written, written_unit
from billing.local_stripe.calendar_months import day_of
from billing.local_stripe.cards import CARDS
from billing.local_stripe.changes import items_of
from billing.local_stripe.checkout_pages import card_choices
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing
from billing.local_stripe.lines import every, name_of
from billing.local_stripe.pages import Html
from billing.local_stripe.routing import Page, route
from billing.local_stripe.standing import OVER
from billing.local_stripe.store import Row
from billing.local_stripe.subscription_updates import update

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

STANDING = {
    "active": "Active",
    "incomplete": "Waiting for its first payment",
    "past_due": "Payment failed",
    "paused": "Paused",
    "trialing": "On trial",
    "unpaid": "Unpaid",
}


def _features(local: "Local", session: Row) -> Row:
    return local.store.kinds["billing_portal.configuration"][session["configuration"]]["features"]


@route("GET", "/p/session/{}")
def show_portal(local: "Local", form: forms.Form, key: str) -> Page:
    return _page(local, local.store.get("billing_portal.session", key))


def _page(local: "Local", session: Row, problem: str | None = None, status: int = 200) -> Page:
    customer = local.store.kinds["customer"][session["customer"]]
    features, flow = _features(local, session), (session["flow"] or {}).get("type")
    live = [row for row in local.store.of("subscription", customer=customer["id"]) if row["status"] not in OVER]
    invoices = [row for row in local.store.of("invoice", customer=customer["id"]) if row["status"] != "draft"]
    body = pages.part(
        "portal",
        name=customer["name"] or customer["email"] or customer["id"],
        email=customer["email"] or "",
        back=session["return_url"] or "",
        no_back=Html("" if session["return_url"] else "hidden"),
        alert=pages.alert(problem),
        plans=Html("".join(_plan(local, row, features) for row in live)) or Html('<p class="soft">None is running.</p>'),
        no_plans=Html("hidden" if flow == "payment_method_update" else ""),
        method=_method(local, customer),
        no_method=Html("" if features["payment_method_update"]["enabled"] and flow != "subscription_cancel" else "hidden"),
        open=Html("open" if flow == "payment_method_update" else ""),
        cards=card_choices(but=("chargeDeclinedInsufficientFunds",)),
        invoices=pages.parts("portal_invoice", [_invoice(row) for row in reversed(invoices)]),
        no_history=Html("" if features["invoice_history"]["enabled"] and flow is None else "hidden"),
    )
    return pages.whole("Billing portal", body, status=status)


def _plan(local: "Local", row: Row, features: Row) -> Html:
    items = []
    for item in items_of(local, row):
        price = local.store.kinds["price"][item["price"]]
        metered = item["quantity"] is None
        items.append(
            {
                "name": name_of(local, price) if metered else f"{item['quantity']} × {name_of(local, price)}",
                "note": "by usage" if metered else f"each {every(price)}",
                "amount": f"{written_unit(price)} each"
                if metered
                else written(price_of(price, item["quantity"]), price["currency"]),
            }
        )
    end = items_of(local, row)[0]["current_period_end"]
    standing, ends = STANDING[row["status"]], row["cancel_at"]
    text = f"{standing}. Ends on {day_of(ends)}." if ends else f"{standing}. Renews on {day_of(end)}."
    return pages.part(
        "portal_plan",
        items=pages.parts("line", items),
        tone="bad" if row["status"] in ("past_due", "unpaid", "incomplete") else "soft",
        standing=text,
        key=row["id"],
        action="resume" if ends else "cancel",
        label="Keep the subscription" if ends else "Cancel the subscription",
        no_action=Html("" if features["subscription_cancel"]["enabled"] else "hidden"),
    )


def _method(local: "Local", customer: Row) -> str:
    chosen = customer["invoice_settings"]["default_payment_method"]
    for row in local.store.of("subscription", customer=customer["id"]):
        chosen = (row["default_payment_method"] if row["status"] not in OVER else None) or chosen
    if not chosen:
        return "No card yet."
    card = local.store.kinds["payment_method"][chosen]["card"]
    return f"{card['brand'].title()} •••• {card['last4']}, until {card['exp_month']:02d}/{card['exp_year']}"


def _invoice(row: Row) -> dict[str, object]:
    return {
        "url": f"/i/{row['id']}",
        "pdf": f"/i/{row['id']}/pdf",
        "day": day_of(row["created"]),
        "number": row["number"],
        "status": row["status"].title(),
        "tone": {"paid": "good", "open": "bad"}.get(row["status"], "soft"),
        "amount": written(row["total"], row["currency"]),
    }


@route("POST", "/p/session/{}")
def use_portal(local: "Local", form: forms.Form, key: str) -> Page:
    session = local.store.get("billing_portal.session", key)
    features, action = _features(local, session), form.get("action")
    try:
        if action == "card" and features["payment_method_update"]["enabled"]:
            change_card(local, session["customer"], form.get("card", ""))
        elif action in ("cancel", "resume") and features["subscription_cancel"]["enabled"]:
            _switch(local, session, form.get("subscription", ""), action, features["subscription_cancel"])
        else:
            raise StripeError("This portal does not offer that.", param="action")
    except StripeError as error:
        return _page(local, session, str(error), error.status)
    after = (session["flow"] or {}).get("after_completion") or {}
    if after.get("type") == "redirect":
        return pages.go(after["redirect"]["return_url"])
    if after.get("type") == "hosted_confirmation":
        return pages.notice("Done", "Your change is saved.", link=session["return_url"] or "", label="Back to Tessera")
    return pages.go(f"/p/session/{key}")


def change_card(local: "Local", customer: str, card: str) -> None:
    """Make a test card the default of a customer and of their subscriptions."""
    if card not in CARDS:
        raise StripeError("No such card.", param="card")
    method = payment_methods.attach(local, payment_methods.make(local, card, _authenticated=True), customer)
    owner = local.store.kinds["customer"][customer]
    with changing(local, "customer.updated", owner):
        owner["invoice_settings"]["default_payment_method"] = method["id"]
    for row in local.store.of("subscription", customer=customer):
        if row["status"] not in OVER and row["default_payment_method"]:
            with changing(local, "customer.subscription.updated", row):
                row["default_payment_method"] = method["id"]


def _switch(local: "Local", session: Row, key: str, action: str, rules: Row) -> None:
    row = local.store.get("subscription", key, "subscription")
    if row["customer"] != session["customer"]:
        raise StripeError(f"No such subscription: '{key}'", status=404, code="resource_missing", param="subscription")
    if action == "cancel" and rules["mode"] == "immediately":
        prorate = rules["proration_behavior"] != "none"
        lifecycle.cancel(local, row, reason="cancellation_requested", invoice_now=prorate, prorate=prorate)
    else:
        update(local, row, {"cancel_at_period_end": action == "cancel"})
