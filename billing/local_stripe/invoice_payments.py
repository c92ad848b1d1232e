"""How an invoice is paid: its intent, each attempt, what a success and a failure do, and the retries in between."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms, standing
from billing.local_stripe.clock import DAY
from billing.local_stripe.customers import post_balance
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.payments import cancel_intent, confirm, fail_authentication, make_intent
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

DUNNING = {"retry_after_days": [3, 5, 7], "then": "unpaid"}  # then: `unpaid`, `canceled` or `past_due`


def dunning(local: "Local") -> Row:
    """Return how failed payments are retried: the days between attempts, and the status after the last."""
    return local.store.settings.setdefault("dunning", {**DUNNING})


def request_payment(local: "Local", invoice: Row) -> None:
    """Prepare the payment of an invoice that was just finalized; one of nothing is paid by that."""
    if invoice["amount_due"] == 0:
        invoice["attempted"] = True
        _mark_paid(local, invoice, 0)
        return
    customer = local.store.kinds["customer"][invoice["customer"]]
    intent = make_intent(
        local,
        customer=customer,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        description=f"Invoice {invoice['number']}",
    )
    local.store.add(
        {
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": local.now(invoice),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
            "_customer": invoice["customer"],
        }
    )


def _default_payment(local: "Local", invoice: Row) -> Row | None:
    return next(local.store.of("invoice_payment", invoice=invoice["id"], is_default=True), None)


def intent_of(local: "Local", invoice: Row) -> Row | None:
    """Return the payment intent of an invoice; an invoice of nothing has none."""
    payment = _default_payment(local, invoice)
    return local.store.kinds["payment_intent"][payment["payment"]["payment_intent"]] if payment else None


def of_intent(local: "Local", intent: Row) -> Row:
    """Return the invoice that an intent collects for."""
    for payment in local.store.of("invoice_payment"):
        if payment["payment"]["payment_intent"] == intent["id"]:
            return local.store.kinds["invoice"][payment["invoice"]]
    raise StripeError("This PaymentIntent belongs to no invoice.", param="id")


def method_for(local: "Local", invoice: Row) -> Row | None:
    """Return what an invoice is collected with: its own method, its subscription's, or its customer's default."""
    customer = local.store.kinds["customer"][invoice["customer"]]
    subscription = local.store.kinds.get("subscription", {}).get(invoice["_subscription"] or "", {})
    chosen = (
        invoice["default_payment_method"]
        or subscription.get("default_payment_method")
        or customer["invoice_settings"]["default_payment_method"]
    )
    return local.store.kinds["payment_method"][chosen] if chosen else None


def attempt(local: "Local", invoice: Row, *, automatic: bool = True) -> str:
    """Try to collect an open invoice with the method it has; return the status of the intent."""
    intent = intent_of(local, invoice)
    if local.previewing or invoice["status"] != "open" or intent is None:
        return "succeeded"
    method = method_for(local, invoice)
    return _try(local, invoice, intent, method, automatic=automatic, authenticated=False)


def pay_with(local: "Local", invoice: Row, method: Row | None, *, authenticated: bool = False) -> str:
    """Pay an open invoice now with this method, the customer being there."""
    intent = intent_of(local, invoice)
    if invoice["status"] not in ("open", "uncollectible") or intent is None:
        raise StripeError("Invoice is already paid" if invoice["status"] == "paid" else f"This invoice is {invoice['status']}.")
    return _try(local, invoice, intent, method, automatic=False, authenticated=authenticated)


def _try(local: "Local", invoice: Row, intent: Row, method: Row | None, *, automatic: bool, authenticated: bool) -> str:
    status = confirm(local, intent, method, authenticated=authenticated) if method else "requires_payment_method"
    if status == "succeeded" and method:
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        standing.keep_method(local, invoice, method)
        _mark_paid(local, invoice, invoice["amount_remaining"])
    else:
        _fail(local, invoice, status, automatic=automatic)
    return status


def _mark_paid(local: "Local", invoice: Row, amount: int, *, off_stripe: bool = False) -> None:
    at = local.now(invoice)
    for payment in local.store.of("invoice_payment", invoice=invoice["id"], status="open"):
        payment.update(status="canceled" if off_stripe else "paid", amount_paid=None if off_stripe else amount)
        payment["status_transitions"]["canceled_at" if off_stripe else "paid_at"] = at
        if not off_stripe:
            emit(local, "invoice_payment.paid", payment)
    with changing(local, "invoice.updated", invoice):
        invoice.update(status="paid", amount_paid=invoice["amount_paid"] + amount, amount_remaining=0, next_payment_attempt=None)
        invoice["status_transitions"]["paid_at"] = at
        invoice["auto_advance"] = False
    emit(local, "invoice.paid", invoice)
    emit(local, "invoice.payment_succeeded", invoice)
    standing.after_payment(local, invoice)


def _fail(local: "Local", invoice: Row, status: str, *, automatic: bool) -> None:
    """Record a failed attempt; only those that Stripe makes by itself move the schedule of retries."""
    with changing(local, "invoice.updated", invoice):
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        if automatic:
            invoice["_retries"] = invoice.get("_retries", 0) + 1
            days = dunning(local)["retry_after_days"]
            first = invoice["billing_reason"] == "subscription_create"
            more = not first and invoice["_retries"] <= len(days)
            invoice["next_payment_attempt"] = local.now(invoice) + days[invoice["_retries"] - 1] * DAY if more else None
    if status == "requires_action":
        emit(local, "invoice.payment_action_required", invoice)
    emit(local, "invoice.payment_failed", invoice)
    standing.after_failure(local, invoice)


def payment_error(local: "Local", invoice: Row) -> StripeError:
    """Return the error of a payment that was tried and did not succeed."""
    intent = intent_of(local, invoice) or {}
    if intent.get("status") == "requires_action":
        return StripeError(
            "This payment requires additional user action before it can be completed successfully.",
            status=402,
            kind="card_error",
            code="invoice_payment_intent_requires_action",
        )
    error = intent.get("last_payment_error") or {"message": "There is no payment method.", "code": "invoice_no_payment_method"}
    return StripeError(
        error["message"], status=402, kind="card_error", code=error["code"], decline_code=error.get("decline_code")
    )


def authentication_failed(local: "Local", invoice: Row) -> None:
    """Record that the customer did not pass 3-D Secure for an invoice."""
    intent = intent_of(local, invoice)
    if intent and intent["status"] == "requires_action":
        fail_authentication(local, intent)
        emit(local, "invoice.payment_failed", invoice)


def mark_paid_elsewhere(local: "Local", invoice: Row) -> None:
    """Record that an invoice was paid outside of Stripe."""
    if intent := intent_of(local, invoice):
        cancel_intent(local, intent, "abandoned")
    invoice["amount_paid_off_stripe"] = invoice["amount_remaining"]
    _mark_paid(local, invoice, invoice["amount_remaining"], off_stripe=True)


def settle_nothing_left(local: "Local", invoice: Row) -> None:
    """Collect no more than a credit note has left; with nothing left the invoice is paid."""
    intent = intent_of(local, invoice)
    if intent and intent["status"] not in ("succeeded", "canceled"):
        intent["amount"] = invoice["amount_remaining"]
    if invoice["amount_remaining"] == 0:
        if intent:
            cancel_intent(local, intent, "void_invoice")
        _mark_paid(local, invoice, 0, off_stripe=True)


def give_up(local: "Local", invoice: Row, status: str) -> None:
    """Void an invoice or write it off; nobody tries to collect it any more."""
    at = local.now(invoice)
    if status == "void" and (intent := intent_of(local, invoice)):
        cancel_intent(local, intent, "void_invoice")
    for payment in local.store.of("invoice_payment", invoice=invoice["id"], status="open") if status == "void" else ():
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = at
    with changing(local, "invoice.updated", invoice):
        invoice.update(status=status, next_payment_attempt=None, auto_advance=False)
        invoice["status_transitions"]["voided_at" if status == "void" else "marked_uncollectible_at"] = at
        if status == "void":
            invoice["amount_remaining"] = 0
    if status == "void" and invoice["_applied"]:
        customer = local.store.kinds["customer"][invoice["customer"]]
        post_balance(local, customer, -invoice["_applied"], "unapplied_from_invoice", invoice=invoice["id"])
    emit(local, "invoice.voided" if status == "void" else "invoice.marked_uncollectible", invoice)
    standing.after_giving_up(local, invoice)


@route("GET", "/v1/invoice_payments")
def list_invoice_payments(local: "Local", form: forms.Form) -> Row:
    shape = {
        "invoice": forms.text,
        "payment": forms.nested({"payment_intent": forms.text, "type": forms.text}),
        "status": forms.text,
    }

    def match(row: Row, asked: forms.Form) -> bool:
        same = (row[name] == asked[name] for name in ("invoice", "status") if name in asked)
        intent = (asked.get("payment") or {}).get("payment_intent")
        return all(same) and intent in (None, row["payment"]["payment_intent"])

    return page(local, local.store.of("invoice_payment"), form, "/v1/invoice_payments", shape, match=match)


@route("GET", "/v1/invoice_payments/{}")
def retrieve_invoice_payment(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("invoice_payment", key)
