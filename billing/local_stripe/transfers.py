"""Transfers to the accounts of partners, what is taken back of them, and payouts to the bank."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.clock import DAY
from billing.local_stripe.connect import available, caller
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.payments import post_transaction
from billing.local_stripe.rendering import embedded, view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


@route("POST", "/v1/transfers")
def create_transfer(local: "Local", form: forms.Form) -> Row:
    """Move an amount from the platform's balance to a partner's."""
    shape = {
        "amount": forms.count,
        "currency": forms.currency,
        "description": forms.text,
        "destination": forms.text,
        "metadata": forms.strings,
        "source_transaction": forms.text,
        "transfer_group": forms.text,
    }
    asked = forms.read(form, shape, required=("amount", "currency", "destination"))
    account = local.store.get("account", asked["destination"], "destination")
    if account["capabilities"].get("transfers") != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers",
            code="insufficient_capabilities_for_transfer",
        )
    source = (
        local.store.get("charge", asked["source_transaction"], "source_transaction") if asked.get("source_transaction") else None
    )
    limit = source["amount"] - source["amount_refunded"] if source else available(local, None, asked["currency"])
    if asked["amount"] > limit or asked["amount"] == 0:
        raise StripeError(
            "You have insufficient available funds in your Stripe account.", code="balance_insufficient", param="amount"
        )
    row = local.store.add(
        {
            "object": "transfer",
            "amount": asked["amount"],
            "amount_reversed": 0,
            "created": local.clock.now(),
            "currency": asked["currency"],
            "description": asked.get("description"),
            "destination": account["id"],
            "destination_payment": new_id("charge").replace("ch_", "py_"),
            "livemode": False,
            "metadata": asked.get("metadata") or {},
            "reversed": False,
            "source_transaction": asked.get("source_transaction"),
            "source_type": "card",
            "transfer_group": asked.get("transfer_group"),
        }
    )
    row["balance_transaction"] = post_transaction(local, row, -row["amount"], "transfer")["id"]
    post_transaction(local, row, row["amount"], "payment", account=account["id"])
    emit(local, "transfer.created", row)
    return row


@view_of("transfer")
def show_transfer(local: "Local", row: Row, public: Row) -> None:
    found = reversed(list(local.store.of("transfer_reversal", transfer=row["id"])))
    public["reversals"] = embedded(local, found, f"/v1/transfers/{row['id']}/reversals")


@route("POST", "/v1/transfers/{}")
def update_transfer(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("transfer", key)
    asked = forms.read(form, {"description": forms.text, "metadata": forms.strings})
    with changing(local, "transfer.updated", row):
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked)
    return row


@route("GET", "/v1/transfers/{}")
def retrieve_transfer(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("transfer", key)


@route("GET", "/v1/transfers")
def list_transfers(local: "Local", form: forms.Form) -> Row:
    return page(
        local, local.store.of("transfer"), form, "/v1/transfers", {"destination": forms.text, "transfer_group": forms.text}
    )


@route("POST", "/v1/transfers/{}/reversals")
def create_reversal(local: "Local", form: forms.Form, key: str) -> Row:
    """Take a transfer back, or a part of it."""
    asked = forms.read(form, {"amount": forms.count, "description": forms.text, "metadata": forms.strings})
    transfer = local.store.get("transfer", key)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = asked.get("amount", left)
    if not 0 < amount <= left:
        raise StripeError(f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left})", param="amount")
    row = local.store.add(
        {
            "object": "transfer_reversal",
            "amount": amount,
            "created": local.clock.now(),
            "currency": transfer["currency"],
            "destination_payment_refund": None,
            "metadata": asked.get("metadata") or {},
            "source_refund": None,
            "transfer": key,
        }
    )
    row["balance_transaction"] = post_transaction(local, row, amount, "transfer_refund")["id"]
    post_transaction(local, row, -amount, "payment_refund", account=transfer["destination"])
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    emit(local, "transfer.reversed", transfer)
    return row


@route("GET", "/v1/transfers/{}/reversals")
def list_reversals(local: "Local", form: forms.Form, key: str) -> Row:
    return page(local, local.store.of("transfer_reversal", transfer=key), form, f"/v1/transfers/{key}/reversals")


@route("POST", "/v1/payouts")
def create_payout(local: "Local", form: forms.Form) -> Row:
    """Pay a balance out to the bank."""
    shape = {"amount": forms.count, "currency": forms.currency, "description": forms.text, "metadata": forms.strings}
    asked = forms.read(form, shape, required=("amount", "currency"))
    account = caller(local)
    if asked["amount"] > available(local, account, asked["currency"]) or asked["amount"] == 0:
        raise StripeError("You have insufficient funds in your Stripe account.", code="balance_insufficient", param="amount")
    at = local.clock.now()
    row = local.store.add(
        {
            "object": "payout",
            "amount": asked["amount"],
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": at + DAY,
            "automatic": False,
            "created": at,
            "currency": asked["currency"],
            "description": asked.get("description"),
            "destination": None,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": asked.get("metadata") or {},
            "method": "standard",
            "original_payout": None,
            "payout_method": None,
            "reconciliation_status": "not_applicable",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": None,
            "status": "pending",
            "trace_id": None,
            "type": "bank_account",
            "_account": account,
        }
    )
    row["balance_transaction"] = post_transaction(local, row, -row["amount"], "payout", account=account)["id"]
    emit(local, "payout.created", row)
    return row


def arrive(local: "Local", payout: Row) -> None:
    """Let a payout reach the bank."""
    payout["status"] = "paid"
    emit(local, "payout.paid", payout)


@route("GET", "/v1/payouts/{}")
def retrieve_payout(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("payout", key)


@route("GET", "/v1/payouts")
def list_payouts(local: "Local", form: forms.Form) -> Row:
    rows = local.store.of("payout", _account=caller(local))
    return page(local, rows, form, "/v1/payouts", {"status": forms.text})
