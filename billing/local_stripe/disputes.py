"""Disputes: a cardholder takes a payment back through their bank."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.clock import DAY
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.payments import post_transaction
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

FEE = 1500


def open_dispute(local: "Local", charge: Row, reason: str) -> Row:
    """Open a dispute over a charge: its amount and a fee leave the balance at once."""
    moved = post_transaction(local, charge, -charge["amount"], "adjustment", fee=FEE)
    at = local.now(charge)
    row = local.store.add(
        {
            "object": "dispute",
            "amount": charge["amount"],
            "balance_transactions": [moved["id"]],
            "charge": charge["id"],
            "created": at,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": at + 7 * DAY,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "needs_response",
            "_customer": charge["customer"],
        }
    )
    charge["disputed"] = True
    emit(local, "charge.dispute.created", row)
    emit(local, "charge.dispute.funds_withdrawn", row)
    return row


def _close(local: "Local", row: Row, status: str) -> Row:
    with changing(local, "charge.dispute.updated", row):
        row["status"] = status
    if status == "won":
        charge = local.store.kinds["charge"][row["charge"]]
        row["balance_transactions"].append(post_transaction(local, charge, row["amount"], "adjustment", fee=-FEE)["id"])
        emit(local, "charge.dispute.funds_reinstated", row)
    emit(local, "charge.dispute.closed", row)
    return row


@route("POST", "/_local/disputes")
def make_dispute(local: "Local", form: forms.Form) -> Row:
    """Let the cardholder dispute a charge."""
    asked = forms.read(form, {"charge": forms.text, "reason": forms.text}, required=("charge",))
    charge = local.store.get("charge", asked["charge"], "charge")
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise StripeError("This charge cannot be disputed.", param="charge")
    return open_dispute(local, charge, asked.get("reason") or "fraudulent")


@route("POST", "/_local/disputes/{}/decide")
def decide_dispute(local: "Local", form: forms.Form, key: str) -> Row:
    """Let the bank decide a dispute."""
    asked = forms.read(form, {"status": forms.choice("won", "lost")}, required=("status",))
    return _close(local, local.store.get("dispute", key), asked["status"])


@route("POST", "/v1/disputes/{}")
def update_dispute(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, {"evidence": forms.strings, "metadata": forms.strings, "submit": forms.boolean})
    row = local.store.get("dispute", key)
    with changing(local, "charge.dispute.updated", row):
        if "metadata" in asked:
            row["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        if asked.get("evidence"):
            row["evidence"].update(asked["evidence"])
            row["evidence_details"]["has_evidence"] = True
        if asked.get("evidence") and asked.get("submit", True):
            row["status"] = "under_review"
            row["evidence_details"].update(
                submission_count=row["evidence_details"]["submission_count"] + 1, submission_method="manual"
            )
    return row


@route("POST", "/v1/disputes/{}/close")
def close_dispute(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return _close(local, local.store.get("dispute", key), "lost")


@route("GET", "/v1/disputes/{}")
def retrieve_dispute(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("dispute", key)


@route("GET", "/v1/disputes")
def list_disputes(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("dispute"), form, "/v1/disputes", {"charge": forms.text, "payment_intent": forms.text})
