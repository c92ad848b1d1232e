"""Refunds."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.payments import post_transaction
from billing.local_stripe.rendering import embedded, included
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

REASONS = forms.choice("duplicate", "fraudulent", "requested_by_customer")


@route("POST", "/v1/refunds")
def create_refund(local: "Local", form: forms.Form) -> Row:
    shape = {
        "amount": forms.count,
        "charge": forms.text,
        "metadata": forms.strings,
        "payment_intent": forms.text,
        "reason": REASONS,
    }
    asked = forms.read(form, shape)
    key = asked.get("charge")
    if asked.get("payment_intent"):
        key = local.store.get("payment_intent", asked["payment_intent"], "payment_intent")["latest_charge"]
    if not key:
        raise StripeError("One of charge and payment_intent must be given.", code="parameter_missing", param="charge")
    return refund(local, local.store.get("charge", key, "charge"), asked)


def refund(local: "Local", charge: Row, asked: forms.Form) -> Row:
    """Give a charge back, or a part of it."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = asked.get("amount", left)
    if left == 0:
        raise StripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise StripeError(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    row = local.store.add(
        {
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": local.now(charge),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "metadata": forms.merged({}, asked.get("metadata")),
            "payment_intent": charge["payment_intent"],
            "reason": asked.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }
    )
    row["balance_transaction"] = post_transaction(local, row, -amount, "refund")["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    emit(local, "refund.created", row)
    emit(local, "charge.refunded", charge)
    return row


@route("POST", "/_local/refunds/{}/fail")
def fail_refund(local: "Local", form: forms.Form, key: str) -> Row:
    """Let the bank send a refund back: the amount returns to the balance, and the charge is as if it had not been given back."""
    forms.read(form, {})
    row = local.store.get("refund", key)
    if row["status"] == "failed":
        raise StripeError("This refund has failed already.")
    charge = local.store.get("charge", row["charge"])
    row["status"] = "failed"
    row["failure_reason"] = "lost_or_stolen_card"
    row["failure_balance_transaction"] = post_transaction(local, row, row["amount"], "refund_failure")["id"]
    charge["amount_refunded"] -= row["amount"]
    charge["refunded"] = False
    emit(local, "refund.failed", row)
    emit(local, "charge.refund.updated", row)
    return row


@route("GET", "/v1/refunds/{}")
def retrieve_refund(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("refund", key)


@route("GET", "/v1/refunds")
def list_refunds(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("refund"), form, "/v1/refunds", {"charge": forms.text, "payment_intent": forms.text})


@included("charge", "refunds")
def refunds_of(local: "Local", row: Row) -> Row:
    found = reversed(list(local.store.of("refund", charge=row["id"])))
    return embedded(local, found, f"/v1/charges/{row['id']}/refunds")
