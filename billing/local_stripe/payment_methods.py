"""Payment methods: cards of customers."""

import hashlib
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.cards import BY_NUMBER, CARDS, Card, by_key
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

DETAILS = forms.nested(
    {"address": forms.ADDRESS, "email": forms.text, "name": forms.text, "phone": forms.text, "tax_id": forms.text}
)
METHOD: forms.Shape = {"billing_details": DETAILS, "metadata": forms.strings, "allow_redisplay": forms.text}
CARD: forms.Shape = {
    "number": forms.text,
    "exp_month": forms.count,
    "exp_year": forms.count,
    "cvc": forms.text,
    "token": forms.text,
}


def make(local: "Local", card_name: str, **fields: object) -> Row:
    """Make a payment method that belongs to nobody yet."""
    card = CARDS[card_name]
    return local.store.add(
        {
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
            "card": {
                "brand": card.brand,
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
                "country": "US",
                "display_brand": card.brand,
                "exp_month": 12,
                "exp_year": 2040,
                "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": local.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
            "_card": card_name,
            "_authenticated": False,
            **fields,
        }
    )


def card_of(method: Row) -> Card:
    """Return how the card behind a payment method behaves."""
    return CARDS[method["_card"]]


def attach(local: "Local", method: Row, customer: str) -> Row:
    """Give a payment method to a customer; some cards refuse."""
    if method["customer"] not in (None, customer):
        raise StripeError("The payment method you provided has already been attached to a customer.")
    if not card_of(method).attaches:
        raise card_of(method).refusal()
    if method["customer"] is None:
        method["customer"] = customer
        emit(local, "payment_method.attached", method)
    return method


def claim(local: "Local", key: str, customer: str, param: str) -> Row:
    """Return the payment method of a customer that a key names; `pm_card_visa` and the like become one of theirs."""
    if name := by_key(key):
        known = next(local.store.of("payment_method", customer=customer, _card=name), None)
        return known or attach(local, make(local, name), customer)
    method = local.store.get("payment_method", key, param)
    if method["customer"] != customer:
        raise StripeError("The customer does not have a payment method with the ID " + key, code="resource_missing", param=param)
    return method


@route("POST", "/v1/payment_methods")
def create_payment_method(local: "Local", form: forms.Form) -> Row:
    shape = {**METHOD, "type": forms.choice("card"), "card": forms.nested(CARD)}
    asked = forms.read(form, shape, required=("type", "card"))
    card = asked["card"]
    name = by_key(card["token"]) if card.get("token") else BY_NUMBER.get(card.get("number", "").replace(" ", ""))
    if name is None:
        raise StripeError(
            "Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number", param="number"
        )
    row = make(local, name, metadata=asked.get("metadata") or {})
    row["billing_details"].update(asked.get("billing_details") or {})
    row["card"].update({field: card[field] for field in ("exp_month", "exp_year") if field in card})
    return row


@route("GET", "/v1/payment_methods/{}")
def retrieve_payment_method(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("payment_method", key)


@route("POST", "/v1/payment_methods/{}")
def update_payment_method(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("payment_method", key)
    asked = forms.read(form, METHOD)
    with changing(local, "payment_method.updated", row):
        row["metadata"] = forms.merged(row["metadata"], asked["metadata"]) if "metadata" in asked else row["metadata"]
        row["billing_details"].update(asked.get("billing_details") or {})
        row["allow_redisplay"] = asked.get("allow_redisplay") or row["allow_redisplay"]
    return row


@route("POST", "/v1/payment_methods/{}/attach")
def attach_payment_method(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, {"customer": forms.text}, required=("customer",))
    local.store.get("customer", asked["customer"], "customer")
    if name := by_key(key):
        return attach(local, make(local, name), asked["customer"])
    return attach(local, local.store.get("payment_method", key), asked["customer"])


@route("POST", "/v1/payment_methods/{}/detach")
def detach_payment_method(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("payment_method", key)
    if row["customer"] is None:
        raise StripeError("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = local.store.kinds["customer"][row["customer"]]
    if customer["invoice_settings"]["default_payment_method"] == key:
        with changing(local, "customer.updated", customer):
            customer["invoice_settings"]["default_payment_method"] = None
    for subscription in local.store.of("subscription", default_payment_method=key):
        with changing(local, "customer.subscription.updated", subscription):
            subscription["default_payment_method"] = None
    with changing(local, "payment_method.detached", row):
        row["customer"] = None
    return row


SHAPE: forms.Shape = {"type": forms.choice("card"), "customer": forms.text}


@route("GET", "/v1/payment_methods")
def list_payment_methods(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("payment_method"), form, "/v1/payment_methods", SHAPE, required=("customer",))


@route("GET", "/v1/customers/{}/payment_methods")
def list_payment_methods_of_customer(local: "Local", form: forms.Form, key: str) -> Row:
    local.store.get("customer", key)
    return page(local, local.store.of("payment_method", customer=key), form, f"/v1/customers/{key}/payment_methods", SHAPE)


@route("GET", "/v1/customers/{}/payment_methods/{}")
def retrieve_payment_method_of_customer(local: "Local", form: forms.Form, customer: str, key: str) -> Row:
    forms.read(form, {})
    return claim(local, local.store.get("payment_method", key)["id"], customer, "id")
