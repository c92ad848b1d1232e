"""Checkout sessions: asked for by the product, paid (or not) on the page in `checkout_pages`."""

from typing import TYPE_CHECKING

from billing.local_stripe import coupons, forms, subscriptions
from billing.local_stripe.changes import planned
from billing.local_stripe.clock import DAY, HOUR
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.lines import name_of
from billing.local_stripe.rendering import embedded, included, shown
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id
from billing.local_stripe.subscription_rows import automatic_tax

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

DATA: forms.Shape = {
    name: subscriptions.CREATE[name]
    for name in (
        *("billing_cycle_anchor", "default_tax_rates", "description", "metadata", "proration_behavior"),
        *("trial_end", "trial_period_days", "trial_settings"),
    )
}
LINE: forms.Shape = {"price": forms.text, "quantity": forms.count}
CREATE: forms.Shape = {
    "allow_promotion_codes": forms.boolean,
    "automatic_tax": forms.nested({"enabled": forms.boolean}, required=("enabled",)),
    "billing_address_collection": forms.choice("auto", "required"),
    "cancel_url": forms.text,
    "client_reference_id": forms.text,
    "currency": forms.currency,
    "customer": forms.text,
    "customer_email": forms.text,
    "customer_update": forms.nested({name: forms.choice("auto", "never") for name in ("address", "name", "shipping")}),
    "discounts": forms.listed(coupons.ASKED),
    "expires_at": forms.count,
    "line_items": forms.listed(forms.nested(LINE, required=("price",))),
    "locale": forms.text,
    "metadata": forms.strings,
    "mode": forms.choice("subscription"),
    "payment_method_collection": forms.choice("always", "if_required"),
    "payment_method_types": forms.listed(forms.choice("card")),
    "subscription_data": forms.nested(DATA),
    "success_url": forms.text,
    "tax_id_collection": forms.nested({"enabled": forms.boolean, "required": forms.choice("never")}, required=("enabled",)),
}
URL = "/v1/checkout/sessions"


@route("POST", URL)
def create_session(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, CREATE, required=("mode", "line_items", "success_url"))
    at = local.now(asked)
    customer = local.store.get("customer", asked["customer"], "customer") if asked.get("customer") else None
    expires = asked.get("expires_at", at + DAY)
    if not at + HOUR // 2 <= expires <= at + DAY:
        raise StripeError("expires_at must be between 30 minutes and 24 hours from now.", param="expires_at")
    plan = planned(local, asked["line_items"], [], customer["currency"] if customer else None)
    saves = (asked.get("customer_update") or {}).get("name") == "auto"
    takes_numbers = bool((asked.get("tax_id_collection") or {}).get("enabled"))
    if customer and takes_numbers and not saves:
        raise StripeError("Tax ID collection requires updating business name on the customer.", param="customer_update[name]")
    if asked.get("discounts") and asked.get("allow_promotion_codes"):
        raise StripeError("You may only specify one of these parameters: allow_promotion_codes, discounts.", param="discounts")
    key = new_id("checkout.session")
    taxed = automatic_tax(asked)
    row: Row = {
        "id": key,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": asked.get("allow_promotion_codes"),
        "automatic_tax": {"enabled": taxed["enabled"], "liability": taxed["liability"], "provider": None, "status": None},
        "billing_address_collection": asked.get("billing_address_collection"),
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": at,
        "currency": plan[0].price["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None},
        "customer": customer["id"] if customer else None,
        "customer_account": None,
        "customer_creation": None if customer else "always",
        "customer_details": details_of(customer, asked.get("customer_email")),
        "customer_email": asked.get("customer_email"),
        "discounts": [],
        "expires_at": expires,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": asked.get("locale"),
        "metadata": asked.get("metadata") or {},
        "mode": "subscription",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": asked.get("payment_method_collection", "always"),
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": asked["success_url"],
        "tax_id_collection": {"enabled": takes_numbers, "required": "never"},
        "ui_mode": "hosted_page",
        "url": f"{local.origin}/c/pay/{key}",
        "wallet_options": None,
        "_saves": asked.get("customer_update") or {},
        "_asked": {
            **{name: value for name, value in (asked.get("subscription_data") or {}).items() if value is not None},
            **{name: asked[name] for name in ("automatic_tax", "discounts") if asked.get(name)},
            "items": [dict(each) for each in asked["line_items"]],
        },
    }
    total_up(local, row)
    return local.store.add(row)


def details_of(customer: Row | None, email: str | None, numbers: list[Row] | None = None) -> Row | None:
    """Return what a session tells of who pays; their tax numbers where it was paid."""
    if customer is None and email is None:
        return None
    told = customer or {"address": None, "email": email, "name": None, "phone": None, "tax_exempt": "none"}
    return {
        **{name: told[name] for name in ("address", "email", "name", "phone", "tax_exempt")},
        "business_name": None,
        "individual_name": None,
        "tax_ids": numbers,
    }


def total_up(local: "Local", session: Row) -> None:
    """Reckon what is due today by making the subscription on a copy."""
    with local.copy_of(session["customer"] or "") as copy:
        copy.previewing = True
        key = session["customer"] or new_customer(copy, session)["id"]
        made = subscriptions.make(copy, {**session["_asked"], "customer": key})
        invoice = copy.store.kinds["invoice"][made["latest_invoice"]]
        session["_line_items"] = [_line_item(copy, line) for line in invoice["_lines"]]
    off = sum(each["amount"] for each in invoice["total_discount_amounts"])
    tax = sum(each["amount"] for each in invoice["total_taxes"])
    session.update(amount_subtotal=invoice["subtotal"], amount_total=invoice["total"])
    session["total_details"] = {"amount_discount": off, "amount_shipping": 0, "amount_tax": tax}


def _line_item(local: "Local", line: Row) -> Row:
    off = sum(each["amount"] for each in line["discount_amounts"])
    tax = sum(each["amount"] for each in line["taxes"])
    price = local.store.kinds["price"][line["pricing"]["price_details"]["price"]]
    return {
        "id": new_id("item"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": off,
        "amount_subtotal": line["amount"],
        "amount_tax": tax,
        "amount_total": line["amount"] - off + tax,
        "currency": line["currency"],
        "description": name_of(local, price),
        "metadata": {},
        "price": shown(local, price),
        "quantity": line["quantity"],
    }


@included("checkout.session", "line_items")
def line_items_of(local: "Local", row: Row) -> Row:
    return embedded(local, row["_line_items"], f"{URL}/{row['id']}/line_items")


@route("GET", URL + "/{}/line_items")
def list_line_items(local: "Local", form: forms.Form, key: str) -> Row:
    rows = local.store.get("checkout.session", key)["_line_items"]
    return page(local, rows, form, f"{URL}/{key}/line_items", newest_first=False)


@route("GET", URL + "/{}")
def retrieve_session(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("checkout.session", key)


@route("GET", URL)
def list_sessions(local: "Local", form: forms.Form) -> Row:
    shape = {"customer": forms.text, "status": forms.choice("complete", "expired", "open"), "subscription": forms.text}
    return page(local, local.store.of("checkout.session"), form, URL, shape)


@route("POST", URL + "/{}/expire")
def expire_session(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("checkout.session", key)
    if row["status"] != "open":
        raise StripeError(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This session has a status of {row["status"]}.'
        )
    expire(local, row)
    return row


def expire(local: "Local", row: Row) -> None:
    """Close a session that nobody completed."""
    row.update(status="expired", url=None)
    emit(local, "checkout.session.expired", row)


def new_customer(local: "Local", session: Row) -> Row:
    """Make the customer of a session that came without one."""
    from billing.local_stripe.customers import create_customer

    form = {"email": session["customer_email"]} if session["customer_email"] else {}
    return create_customer(local, form)
