"""Refunds and credit notes."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.customers import post_balance
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import intent_of
from billing.local_stripe.payments import post_transaction
from billing.local_stripe.rendering import embedded, included, view_of
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


@route("POST", "/v1/credit_notes")
def create_credit_note(local: "Local", form: forms.Form) -> Row:
    """Credit an amount of an invoice: off what is due, or as refund or credit of what was paid."""
    shape = {
        "amount": forms.count,
        "credit_amount": forms.count,
        "invoice": forms.text,
        "memo": forms.text,
        "metadata": forms.strings,
        "out_of_band_amount": forms.count,
        "reason": forms.choice("duplicate", "fraudulent", "order_change", "product_unsatisfactory"),
        "refund_amount": forms.count,
    }
    asked = forms.read(form, shape, required=("invoice", "amount"))
    invoice = local.store.get("invoice", asked["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise StripeError("A credit note is for an invoice that is open or paid.", param="invoice")
    amount, paid = asked["amount"], invoice["status"] == "paid"
    already = invoice["post_payment_credit_notes_amount"] + invoice["pre_payment_credit_notes_amount"]
    if not 0 < amount <= invoice["total"] - already:
        raise StripeError("The amount is more than what is left of the invoice.", param="amount")
    parts = {name: asked.get(name, 0) for name in ("credit_amount", "out_of_band_amount", "refund_amount")}
    if sum(parts.values()) != (amount if paid else 0):
        raise StripeError("credit_amount, refund_amount and out_of_band_amount must sum to what was paid.", param="amount")
    if not paid and amount > invoice["amount_remaining"]:
        raise StripeError("The amount is more than what is due.", param="amount")
    return _issue(local, invoice, asked, parts, paid)


def _issue(local: "Local", invoice: Row, asked: forms.Form, parts: dict[str, int], paid: bool) -> Row:
    amount, at = asked["amount"], local.now(invoice)
    customer = local.store.kinds["customer"][invoice["customer"]]
    refunds, moved = [], None
    if parts["refund_amount"]:
        intent = intent_of(local, invoice)
        charge = local.store.kinds["charge"][(intent or {})["latest_charge"]]
        made = refund(local, charge, {"amount": parts["refund_amount"]})
        refunds = [{"amount_refunded": made["amount"], "payment_record_refund": None, "refund": made["id"], "type": "refund"}]
    number = 1 + sum(1 for _ in local.store.of("credit_note", invoice=invoice["id"]))
    row = local.store.add(
        {
            "object": "credit_note",
            "amount": amount,
            "amount_shipping": 0,
            "created": at,
            "currency": invoice["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "customer_balance_transaction": None,
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": at,
            "invoice": invoice["id"],
            "livemode": False,
            "memo": asked.get("memo"),
            "metadata": forms.merged({}, asked.get("metadata")),
            "number": f"{invoice['number']}-CN-{number:02d}",
            "out_of_band_amount": parts["out_of_band_amount"] or None,
            "pdf": invoice["invoice_pdf"],
            "post_payment_amount": amount if paid else 0,
            "pre_payment_amount": 0 if paid else amount,
            "pretax_credit_amounts": [],
            "reason": asked.get("reason"),
            "refunds": refunds,
            "shipping_cost": None,
            "status": "issued",
            "subtotal": amount,
            "subtotal_excluding_tax": amount,
            "total": amount,
            "total_excluding_tax": amount,
            "total_taxes": [],
            "type": "post_payment" if paid else "pre_payment",
            "voided_at": None,
        }
    )
    if parts["credit_amount"]:
        moved = post_balance(
            local, customer, -parts["credit_amount"], "credit_note", credit_note=row["id"], invoice=invoice["id"]
        )
        row["customer_balance_transaction"] = moved["id"]
    emit(local, "credit_note.created", row)
    _lower(local, invoice, amount, paid)
    return row


def _lower(local: "Local", invoice: Row, amount: int, paid: bool) -> None:
    from billing.local_stripe.invoice_payments import settle_nothing_left

    with changing(local, "invoice.updated", invoice):
        name = "post_payment_credit_notes_amount" if paid else "pre_payment_credit_notes_amount"
        invoice[name] += amount
        if not paid:
            invoice["amount_due"] -= amount
            invoice["amount_remaining"] -= amount
    if not paid:
        settle_nothing_left(local, invoice)


@view_of("credit_note")
def show_credit_note(local: "Local", row: Row, public: Row) -> None:
    line = {
        "id": f"cnli_{row['id'][3:]}",
        "object": "credit_note_line_item",
        "amount": row["amount"],
        "description": row["memo"],
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": row["amount"],
        "unit_amount_decimal": str(row["amount"]),
    }
    public["lines"] = embedded(local, [line], f"/v1/credit_notes/{row['id']}/lines")


@route("GET", "/v1/credit_notes/{}")
def retrieve_credit_note(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("credit_note", key)


@route("GET", "/v1/credit_notes")
def list_credit_notes(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("credit_note"), form, "/v1/credit_notes", {"customer": forms.text, "invoice": forms.text})
