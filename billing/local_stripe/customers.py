"""Customers and their balance."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms, payment_methods
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.rendering import embedded, included
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

FIELD = forms.nested({"name": forms.text, "value": forms.text}, required=("name", "value"))
CUSTOMER: forms.Shape = {
    "address": forms.ADDRESS,
    "balance": forms.integer,
    "business_name": forms.text,
    "description": forms.text,
    "email": forms.text,
    "individual_name": forms.text,
    "invoice_prefix": forms.text,
    "invoice_settings": forms.nested(
        {"custom_fields": forms.listed(FIELD), "default_payment_method": forms.text, "footer": forms.text}
    ),
    "metadata": forms.strings,
    "name": forms.text,
    "phone": forms.text,
    "preferred_locales": forms.listed(forms.text),
    "shipping": forms.nested({"address": forms.ADDRESS, "name": forms.text, "phone": forms.text}, required=("address", "name")),
    "tax_exempt": forms.choice("none", "exempt", "reverse"),
}
TAX_ID = forms.nested({"type": forms.text, "value": forms.text}, required=("type", "value"))


@route("POST", "/v1/customers")
def create_customer(local: "Local", form: forms.Form) -> Row:
    from billing.local_stripe import tax_ids

    shape = {**CUSTOMER, "payment_method": forms.text, "tax_id_data": forms.listed(TAX_ID), "test_clock": forms.text}
    asked = forms.read(form, shape)
    if asked.get("test_clock"):
        local.store.get("test_helpers.test_clock", asked["test_clock"], "test_clock")
    for number, each in enumerate(asked.get("tax_id_data") or []):
        tax_ids.check(each, f"tax_id_data[{number}][value]")
    for key in (asked.get("payment_method"), (asked.get("invoice_settings") or {}).get("default_payment_method")):
        name = payment_methods.by_key(key or "")
        if name and not payment_methods.CARDS[name].attaches:
            raise payment_methods.CARDS[name].refusal()
        if key and not name:
            local.store.get("payment_method", key, "payment_method")
    key = new_id("customer")
    row = local.store.add(
        {
            "id": key,
            "object": "customer",
            "address": asked.get("address"),
            "balance": 0,
            "business_name": asked.get("business_name"),
            "created": local.now({"test_clock": asked.get("test_clock")}),
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": asked.get("description"),
            "discount": None,  # coupons are given to subscriptions
            "email": asked.get("email"),
            "individual_name": asked.get("individual_name"),
            "invoice_prefix": asked.get("invoice_prefix") or key[-8:].upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": forms.merged({}, asked.get("metadata")),
            "name": asked.get("name"),
            "next_invoice_sequence": 1,
            "phone": asked.get("phone"),
            "preferred_locales": asked.get("preferred_locales") or [],
            "shipping": asked.get("shipping"),
            "tax_exempt": asked.get("tax_exempt") or "none",
            "test_clock": asked.get("test_clock"),
        }
    )
    emit(local, "customer.created", row)
    if asked.get("payment_method"):
        _bring(local, asked["payment_method"], row)
    _set_invoice_settings(local, row, asked.get("invoice_settings") or {})
    for each in asked.get("tax_id_data") or []:
        tax_ids.make(local, each, key)
    if asked.get("balance"):
        post_balance(local, row, asked["balance"], "adjustment")
    return row


def _bring(local: "Local", key: str, customer: Row) -> None:
    if payment_methods.by_key(key):
        payment_methods.claim(local, key, customer["id"], "payment_method")
    else:
        payment_methods.attach(local, local.store.get("payment_method", key, "payment_method"), customer["id"])


def _set_invoice_settings(local: "Local", row: Row, asked: forms.Form) -> None:
    if asked.get("default_payment_method"):
        key = asked["default_payment_method"]
        found = payment_methods.claim(local, key, row["id"], "invoice_settings[default_payment_method]")
        asked["default_payment_method"] = found["id"]
    row["invoice_settings"].update(asked)


@route("POST", "/v1/customers/{}")
def update_customer(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("customer", key)
    asked = forms.read(form, CUSTOMER)
    settings = asked.pop("invoice_settings", None) or {}
    balance = asked.pop("balance", None)
    with changing(local, "customer.updated", row):
        _set_invoice_settings(local, row, settings)
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked)
        if balance is not None and balance != row["balance"]:
            post_balance(local, row, balance - row["balance"], "adjustment", quiet=True)
    return row


@route("GET", "/v1/customers/{}")
def retrieve_customer(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.kinds.get("customer", {}).get(key)
    if row and row.get("deleted"):
        return {"id": key, "object": "customer", "deleted": True}
    return local.store.get("customer", key)


@route("GET", "/v1/customers")
def list_customers(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("customer"), form, "/v1/customers", {"email": forms.text, "test_clock": forms.text})


@route("DELETE", "/v1/customers/{}")
def delete_customer(local: "Local", form: forms.Form, key: str) -> Row:
    from billing.local_stripe.lifecycle import OVER, cancel

    forms.read(form, {})
    row = local.store.get("customer", key)
    for subscription in local.store.of("subscription", customer=key):
        if subscription["status"] not in OVER:
            cancel(local, subscription, reason="cancellation_requested")
    emit(local, "customer.deleted", row)
    row["deleted"] = True
    return {"id": key, "object": "customer", "deleted": True}


@included("customer", "subscriptions")
def subscriptions_of(local: "Local", row: Row) -> Row:
    from billing.local_stripe.lifecycle import OVER

    live = [each for each in local.store.of("subscription", customer=row["id"]) if each["status"] not in OVER]
    return embedded(local, reversed(live), f"/v1/customers/{row['id']}/subscriptions")


@included("customer", "tax_ids")
def tax_ids_of(local: "Local", row: Row) -> Row:
    found = list(local.store.of("tax_id", customer=row["id"]))
    return embedded(local, reversed(found), f"/v1/customers/{row['id']}/tax_ids")


def post_balance(local: "Local", customer: Row, amount: int, kind: str, *, quiet: bool = False, **of: str) -> Row:
    """Change what a customer owes (positive) or has to their credit (negative), with its line in the ledger."""
    if quiet:
        customer["balance"] += amount
    else:
        with changing(local, "customer.updated", customer):
            customer["balance"] += amount
    return local.store.add(
        {
            "object": "customer_balance_transaction",
            "amount": amount,
            "checkout_session": None,
            "created": local.now(customer),
            "credit_note": None,
            "currency": customer["currency"] or "usd",
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": customer["balance"],
            "invoice": None,
            "livemode": False,
            "metadata": {},
            "type": kind,
            **of,
        }
    )


@route("POST", "/v1/customers/{}/balance_transactions")
def create_balance_transaction(local: "Local", form: forms.Form, key: str) -> Row:
    shape = {"amount": forms.integer, "currency": forms.currency, "description": forms.text, "metadata": forms.strings}
    asked = forms.read(form, shape, required=("amount", "currency"))
    customer = local.store.get("customer", key)
    if customer["currency"] not in (None, asked["currency"]):
        raise StripeError(f"The customer's currency is {customer['currency']}.", param="currency")
    customer["currency"] = asked["currency"]
    row = post_balance(local, customer, asked["amount"], "adjustment")
    row.update(description=asked.get("description"), metadata=forms.merged({}, asked.get("metadata")))
    return row


@route("GET", "/v1/customers/{}/balance_transactions")
def list_balance_transactions(local: "Local", form: forms.Form, key: str) -> Row:
    rows = local.store.of("customer_balance_transaction", customer=key)
    return page(local, rows, form, f"/v1/customers/{key}/balance_transactions", {"invoice": forms.text})
