"""Credit notes: of an amount of an invoice, or of some of its lines."""

from fractions import Fraction
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.amounts import rounded
from billing.local_stripe.customers import post_balance
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import intent_of
from billing.local_stripe.refunds import refund
from billing.local_stripe.rendering import embedded, view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

LINE = forms.nested(
    {"amount": forms.count, "invoice_line_item": forms.text, "type": forms.choice("invoice_line_item")},
    required=("type", "invoice_line_item", "amount"),
)


@route("POST", "/v1/credit_notes")
def create_credit_note(local: "Local", form: forms.Form) -> Row:
    """Credit an amount of an invoice, or of its lines: off what is due, or as refund or credit of what was paid."""
    shape = {
        "amount": forms.count,
        "credit_amount": forms.count,
        "invoice": forms.text,
        "lines": forms.listed(LINE),
        "memo": forms.text,
        "metadata": forms.strings,
        "out_of_band_amount": forms.count,
        "reason": forms.choice("duplicate", "fraudulent", "order_change", "product_unsatisfactory"),
        "refund_amount": forms.count,
    }
    asked = forms.read(form, shape, required=("invoice",))
    invoice = local.store.get("invoice", asked["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise StripeError("A credit note is for an invoice that is open or paid.", param="invoice")
    if ("amount" in asked) == bool(asked.get("lines")):
        raise StripeError("Give one of amount and lines.", code="parameter_missing", param="amount")
    lines = [_line_of(local, invoice, each) for each in asked.get("lines") or ()] or [
        _custom_line(asked["amount"], asked.get("memo"))
    ]
    amount, paid = sum(_total(each) for each in lines), invoice["status"] == "paid"
    already = invoice["post_payment_credit_notes_amount"] + invoice["pre_payment_credit_notes_amount"]
    if not 0 < amount <= invoice["total"] - already:
        raise StripeError("The amount is more than what is left of the invoice.", param="amount")
    parts = {name: asked.get(name, 0) for name in ("credit_amount", "out_of_band_amount", "refund_amount")}
    if sum(parts.values()) != (amount if paid else 0):
        raise StripeError("credit_amount, refund_amount and out_of_band_amount must sum to what was paid.", param="amount")
    if not paid and amount > invoice["amount_remaining"]:
        raise StripeError("The amount is more than what is due.", param="amount")
    return _issue(local, invoice, asked, parts, lines)


def _line_of(local: "Local", invoice: Row, asked: forms.Form) -> Row:
    """Make the line of a note that credits so much of a line, before discounts and tax, of both of which it takes its part."""
    line = next((each for each in invoice["_lines"] if each["id"] == asked["invoice_line_item"]), None)
    if line is None:
        raise StripeError("No such line of this invoice.", code="resource_missing", param="lines[invoice_line_item]")
    notes = local.store.of("credit_note", invoice=invoice["id"])
    before = sum(each["amount"] for note in notes if note["status"] == "issued" for each in _about(note, line))
    if not 0 < asked["amount"] <= line["amount"] - before:
        raise StripeError("The amount is more than what is left of the line.", param="lines[amount]")
    part = Fraction(asked["amount"], line["amount"])
    off = [{**each, "amount": rounded(each["amount"] * part)} for each in line["discount_amounts"]]
    return {
        **_custom_line(asked["amount"], line["description"]),
        "discount_amount": sum(each["amount"] for each in off),
        "discount_amounts": off,
        "invoice_line_item": line["id"],
        "taxes": [
            {**each, "amount": rounded(each["amount"] * part), "taxable_amount": rounded((each["taxable_amount"] or 0) * part)}
            for each in line["taxes"] or ()
        ],
        "type": "invoice_line_item",
    }


def _about(note: Row, line: Row) -> list[Row]:
    return [each for each in note["_lines"] if each.get("invoice_line_item") == line["id"]]


def _custom_line(amount: int, description: str | None) -> Row:
    return {
        "object": "credit_note_line_item",
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def _total(line: Row) -> int:
    """Return what a line of a note comes to, with tax."""
    beside = sum(each["amount"] for each in line["taxes"] if each["tax_behavior"] == "exclusive")
    return int(line["amount"] - line["discount_amount"] + beside)


def _issue(local: "Local", invoice: Row, asked: forms.Form, parts: dict[str, int], lines: list[Row]) -> Row:
    amount, at, paid = sum(_total(each) for each in lines), local.now(invoice), invoice["status"] == "paid"
    without_tax = sum(each["amount"] - each["discount_amount"] for each in lines)
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
            "discount_amount": sum(each["discount_amount"] for each in lines),
            "discount_amounts": [each for line in lines for each in line["discount_amounts"]],
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
            "subtotal": sum(each["amount"] for each in lines),
            "subtotal_excluding_tax": sum(each["amount"] for each in lines),
            "total": amount,
            "total_excluding_tax": without_tax,
            "total_taxes": [each for line in lines for each in line["taxes"]],
            "type": "post_payment" if paid else "pre_payment",
            "voided_at": None,
            "_lines": lines,
        }
    )
    for place, line in enumerate(lines):
        line["id"] = f"cnli_{row['id'][3:]}{place}"
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
    public["lines"] = embedded(local, row["_lines"], f"/v1/credit_notes/{row['id']}/lines")


@route("GET", "/v1/credit_notes/{}/lines")
def list_credit_note_lines(local: "Local", form: forms.Form, key: str) -> Row:
    return page(local, local.store.get("credit_note", key)["_lines"], form, f"/v1/credit_notes/{key}/lines", newest_first=False)


@route("POST", "/v1/credit_notes/{}/void")
def void_credit_note(local: "Local", form: forms.Form, key: str) -> Row:
    """Take a note back that was issued before its invoice was paid."""
    forms.read(form, {})
    row = local.store.get("credit_note", key)
    invoice = local.store.get("invoice", row["invoice"])
    if row["status"] == "void" or row["type"] != "pre_payment" or invoice["status"] != "open":
        raise StripeError("Only a note of an invoice that is open can be voided.")
    with changing(local, "invoice.updated", invoice):
        invoice["pre_payment_credit_notes_amount"] -= row["amount"]
        invoice["amount_due"] += row["amount"]
        invoice["amount_remaining"] += row["amount"]
    row["status"], row["voided_at"] = "void", local.now(invoice)
    emit(local, "credit_note.voided", row)
    return row


@route("GET", "/v1/credit_notes/{}")
def retrieve_credit_note(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("credit_note", key)


@route("GET", "/v1/credit_notes")
def list_credit_notes(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("credit_note"), form, "/v1/credit_notes", {"customer": forms.text, "invoice": forms.text})
