"""Payment intents and charges: one intent for an invoice, one charge for each attempt."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.amounts import rounded
from billing.local_stripe.clock import DAY
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.payment_methods import card_of
from billing.local_stripe.rendering import shown
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from fractions import Fraction

    from billing.local_stripe.local import Local


def make_intent(local: "Local", *, customer: Row, amount: int, currency: str, description: str | None) -> Row:
    """Make the intent to collect an amount from a customer."""
    key = new_id("payment_intent")
    row = local.store.add(
        {
            "id": key,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": f"{key}_secret_local",
            "confirmation_method": "automatic",
            "created": local.now(customer),
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": description,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    emit(local, "payment_intent.created", row)
    return row


def confirm(local: "Local", intent: Row, method: Row, *, authenticated: bool = False) -> str:
    """Try to collect with a card; return the status of the intent after it."""
    card = card_of(method)
    intent["payment_method"] = method["id"]
    asks = card.asks == "always" or (card.asks == "once" and not method["_authenticated"])
    if asks and not authenticated:
        url = f"{local.origin}/_local/authenticate/{intent['id']}"
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"return_url": None, "url": url}}
        emit(local, "payment_intent.requires_action", intent)
        return "requires_action"
    intent["next_action"] = None
    if card.asks == "once":
        method["_authenticated"] = True
    error = card.refusal() if card.decline else None
    charge = _make_charge(local, intent, method, error)
    intent["latest_charge"] = charge["id"]
    if error:
        told = {**error.body()["error"], "charge": charge["id"], "payment_method": shown(local, method)}
        intent.update(status="requires_payment_method", payment_method=None, last_payment_error=told)
        emit(local, "charge.failed", charge)
        emit(local, "payment_intent.payment_failed", intent)
        return "requires_payment_method"
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    emit(local, "charge.succeeded", charge)
    emit(local, "payment_intent.succeeded", intent)
    if card.disputed:
        from billing.local_stripe.disputes import open_dispute

        open_dispute(local, charge, "fraudulent")
    return "succeeded"


def fail_authentication(local: "Local", intent: Row) -> None:
    """Record that the customer did not pass 3-D Secure."""
    told = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": "The provided payment method has failed authentication.",
    }
    intent.update(status="requires_payment_method", next_action=None, payment_method=None, last_payment_error=told)
    emit(local, "payment_intent.payment_failed", intent)


def _make_charge(local: "Local", intent: Row, method: Row, error: StripeError | None) -> Row:
    card = method["card"]
    shown = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    row = local.store.add(
        {
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0 if error else intent["amount"],
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
            "calculated_statement_descriptor": "TESSERA",
            "captured": not error,
            "created": local.now(intent),
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": error.error["code"] if error else None,
            "failure_message": error.error["message"] if error else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": {},
            "on_behalf_of": None,
            "outcome": None,
            "paid": not error,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": "card", "card": {name: card[name] for name in shown}},
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "failed" if error else "succeeded",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    if not error:
        fee = rounded(fee_of(row["amount"]))
        row["balance_transaction"] = post_transaction(local, row, row["amount"], "charge", fee=fee)["id"]
    return row


def fee_of(amount: int) -> "Fraction":
    """Return what Stripe keeps of a card payment: 2.9 % and 30 cents."""
    from fractions import Fraction

    return Fraction(amount * 29, 1000) + 30


def post_transaction(local: "Local", source: Row, amount: int, kind: str, *, fee: int = 0, account: str | None = None) -> Row:
    """Write a line of an account's balance: the platform's own unless `account` names a connected one."""
    at = local.now(source)
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return local.store.add(
        {
            "object": "balance_transaction",
            "amount": amount,
            "available_on": at + (2 * DAY if kind == "charge" else 0),
            "balance_type": "payments",
            "created": at,
            "currency": source["currency"],
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees if fee else [],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "available",
            "type": kind,
            "_account": account,
            "_customer": source.get("customer"),
        }
    )


@route("GET", "/v1/payment_intents/{}")
def retrieve_intent(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {"client_secret": forms.text})
    return local.store.get("payment_intent", key)


@route("GET", "/v1/payment_intents")
def list_intents(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("payment_intent"), form, "/v1/payment_intents", {"customer": forms.text})


@route("POST", "/v1/payment_intents/{}/confirm")
def confirm_intent(local: "Local", form: forms.Form, key: str) -> Row:
    """Pay an invoice from the client, as Stripe.js does; the invoice follows."""
    from billing.local_stripe.invoice_payments import of_intent, pay_with
    from billing.local_stripe.payment_methods import claim

    intent = local.store.get("payment_intent", key)
    asked = forms.read(form, {"payment_method": forms.text, "return_url": forms.text, "off_session": forms.boolean})
    name = asked.get("payment_method") or intent["payment_method"]
    if intent["status"] in ("succeeded", "canceled") or not name:
        raise StripeError(f"This PaymentIntent's status is {intent['status']}.", code="payment_intent_unexpected_state")
    method = claim(local, name, intent["customer"], "payment_method")
    pay_with(local, of_intent(local, intent), method)
    return intent


@route("GET", "/v1/charges/{}")
def retrieve_charge(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("charge", key)


@route("GET", "/v1/charges")
def list_charges(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("charge"), form, "/v1/charges", {"customer": forms.text, "payment_intent": forms.text})


def cancel_intent(local: "Local", intent: Row, reason: str) -> None:
    """Give up collecting."""
    if intent["status"] not in ("succeeded", "canceled"):
        with changing(local, "payment_intent.canceled", intent):
            intent.update(status="canceled", canceled_at=local.now(intent), cancellation_reason=reason, next_action=None)
