"""The calls for invoices and their lines."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms, lifecycle
from billing.local_stripe.clock import HOUR
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import give_up, mark_paid_elsewhere, method_for, pay_with, payment_error
from billing.local_stripe.invoices import draw_up, finalize
from billing.local_stripe.payment_methods import claim
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

UPDATE: forms.Shape = {
    "auto_advance": forms.boolean,
    "default_payment_method": forms.text,
    "description": forms.text,
    "footer": forms.text,
    "metadata": forms.strings,
}


@route("GET", "/v1/invoices/{}")
def retrieve_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("invoice", key)


@route("GET", "/v1/invoices")
def list_invoices(local: "Local", form: forms.Form) -> Row:
    shape = {
        "collection_method": forms.text,
        "customer": forms.text,
        "due_date": forms.nested(dict.fromkeys(("gt", "gte", "lt", "lte"), forms.integer)),
        "status": forms.choice("draft", "open", "paid", "uncollectible", "void"),
        "subscription": forms.text,
    }

    def match(row: Row, asked: forms.Form) -> bool:
        same = (row[name] == asked[name] for name in ("collection_method", "customer", "status") if name in asked)
        return all(same) and asked.get("subscription") in (None, row["_subscription"])

    return page(local, local.store.of("invoice"), form, "/v1/invoices", shape, match=match)


@route("GET", "/v1/invoices/{}/lines")
def list_lines(local: "Local", form: forms.Form, key: str) -> Row:
    rows = local.store.get("invoice", key)["_lines"]
    return page(local, rows, form, f"/v1/invoices/{key}/lines", newest_first=False)


@route("POST", "/v1/invoices")
def create_invoice(local: "Local", form: forms.Form) -> Row:
    shape = {
        **UPDATE,
        "collection_method": forms.choice("charge_automatically", "send_invoice"),
        "currency": forms.currency,
        "customer": forms.text,
        "days_until_due": forms.count,
        "pending_invoice_items_behavior": forms.choice("exclude", "include"),
        "subscription": forms.text,
    }
    asked = forms.read(form, shape, required=("customer",))
    customer = local.store.get("customer", asked["customer"], "customer")
    key = asked.get("subscription")
    subscription = local.store.get("subscription", key, "subscription") if key else None
    by_invoice = asked.get("collection_method") == "send_invoice"
    if by_invoice and asked.get("days_until_due") is None:
        raise StripeError("days_until_due is needed with send_invoice.", code="parameter_missing", param="days_until_due")
    given = {name: asked[name] for name in ("collection_method", "description", "footer") if asked.get(name) is not None}
    at = local.now(customer)
    row = draw_up(
        local,
        customer,
        subscription,
        "manual",
        [],
        take=None if asked.get("pending_invoice_items_behavior", "exclude") == "include" else [],
        auto_advance=bool(asked.get("auto_advance")),
        automatically_finalizes_at=at + HOUR if asked.get("auto_advance") else None,
        metadata=forms.merged({}, asked.get("metadata")),
        due_date=at + asked["days_until_due"] * 24 * HOUR if by_invoice else None,
        **given,
    )
    return row


@route("POST", "/v1/invoices/{}")
def update_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("invoice", key)
    asked = forms.read(form, UPDATE)
    if asked.get("default_payment_method"):
        found = claim(local, asked["default_payment_method"], row["customer"], "default_payment_method")
        asked["default_payment_method"] = found["id"]
    with changing(local, "invoice.updated", row):
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        if "auto_advance" in asked and row["status"] == "draft":
            row["automatically_finalizes_at"] = local.now(row) + HOUR if asked["auto_advance"] else None
        row.update(asked)
    return row


@route("DELETE", "/v1/invoices/{}")
def delete_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("invoice", key)
    if row["status"] != "draft" or row["_subscription"]:
        raise StripeError("You can only delete draft invoices that belong to no subscription.")
    for item in local.store.of("invoiceitem", invoice=key):
        item["invoice"] = None
    local.store.remove(row)
    emit(local, "invoice.deleted", row)
    return {"id": key, "object": "invoice", "deleted": True}


@route("POST", "/v1/invoices/{}/finalize")
def finalize_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, {"auto_advance": forms.boolean})
    row = local.store.get("invoice", key)
    if row["status"] != "draft":
        raise StripeError("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    if asked.get("auto_advance", row["auto_advance"]):
        lifecycle.collect(local, row)
    else:
        finalize(local, row)
    return row


@route("POST", "/v1/invoices/{}/pay")
def pay_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    shape = {
        "off_session": forms.boolean,
        "paid_out_of_band": forms.boolean,
        "payment_method": forms.text,
        "forgive": forms.boolean,
    }
    asked = forms.read(form, shape)
    row = local.store.get("invoice", key)
    if row["status"] == "draft":
        finalize(local, row)
        if row["status"] == "paid":
            return row
    if asked.get("paid_out_of_band"):
        if row["status"] not in ("open", "uncollectible"):
            raise StripeError("Invoice is already paid" if row["status"] == "paid" else f"This invoice is {row['status']}.")
        mark_paid_elsewhere(local, row)
        return row
    given = asked.get("payment_method")
    method = claim(local, given, row["customer"], "payment_method") if given else method_for(local, row)
    if method is None and row["status"] == "open":
        raise StripeError("There is no default_payment_method set on this Customer or Invoice.", code="invoice_no_payment_method")
    if pay_with(local, row, method) != "succeeded":
        raise payment_error(local, row)
    return row


@route("POST", "/v1/invoices/{}/void")
def void_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("invoice", key)
    if row["status"] not in ("open", "uncollectible"):
        raise StripeError("You can only pass in open or uncollectible invoices. This invoice isn't either.")
    give_up(local, row, "void")
    return row


@route("POST", "/v1/invoices/{}/mark_uncollectible")
def write_off_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("invoice", key)
    if row["status"] != "open":
        raise StripeError("You can only pass in open invoices. This invoice isn't open.")
    give_up(local, row, "uncollectible")
    return row


@route("POST", "/v1/invoices/{}/send")
def send_invoice(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("invoice", key)
    if row["status"] == "draft":
        finalize(local, row)
    emit(local, "invoice.sent", row)
    return row
