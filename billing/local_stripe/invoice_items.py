"""Invoice items: amounts that wait for a customer's next invoice."""

from decimal import Decimal
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.amounts import price_of
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoices import total_up
from billing.local_stripe.lines import pending_line, pricing
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

PERIOD = forms.nested({"start": forms.count, "end": forms.count}, required=("start", "end"))
ITEM: forms.Shape = {
    "amount": forms.integer,
    "description": forms.text,
    "discountable": forms.boolean,
    "metadata": forms.strings,
    "period": PERIOD,
}


@route("POST", "/v1/invoiceitems")
def create_invoice_item(local: "Local", form: forms.Form) -> Row:
    """Let an amount, or a quantity at a price, wait for the next invoice, or add it to a draft."""
    shape = {
        **ITEM,
        "currency": forms.currency,
        "customer": forms.text,
        "invoice": forms.text,
        "pricing": forms.nested({"price": forms.text}),
        "quantity": forms.count,
        "subscription": forms.text,
    }
    asked = forms.read(form, shape, required=("customer",))
    customer = local.store.get("customer", asked["customer"], "customer")
    key = (asked.get("pricing") or {}).get("price")
    if (key is None) == ("amount" not in asked):
        raise StripeError("Give an amount with its currency, or a price.", code="parameter_missing", param="amount")
    price = local.store.get("price", key, "pricing[price]") if key else None
    currency = price["currency"] if price else asked.get("currency")
    if currency is None or currency != (customer["currency"] or currency):
        raise StripeError(f"The currency must be the customer's: {customer['currency']}.", param="currency")
    if asked.get("subscription"):
        local.store.get("subscription", asked["subscription"], "subscription")
    draft = local.store.get("invoice", asked["invoice"], "invoice") if asked.get("invoice") else None
    if draft and draft["status"] != "draft":
        raise StripeError("This invoice is no longer editable.", param="invoice")
    at, quantity = local.now(customer), asked.get("quantity", 1)
    details = {"subscription": asked.get("subscription"), "subscription_item": None}
    row = local.store.add(
        {
            "object": "invoiceitem",
            "amount": price_of(price, quantity) if price else asked["amount"],
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "date": at,
            "description": asked.get("description"),
            "discountable": asked.get("discountable", True),
            "discounts": [],
            "invoice": draft["id"] if draft else None,
            "livemode": False,
            "metadata": forms.merged({}, asked.get("metadata")),
            "parent": {"subscription_details": details, "type": "subscription_details"} if asked.get("subscription") else None,
            "period": asked.get("period") or {"start": at, "end": at},
            "pricing": pricing(price),
            "proration": False,
            "proration_details": None,
            "quantity": quantity,
            "quantity_decimal": str(Decimal(quantity)),
            "tax_rates": [],
            "test_clock": customer["test_clock"],
        }
    )
    emit(local, "invoiceitem.created", row)
    if draft:
        with changing(local, "invoice.updated", draft):
            draft["_lines"].append({**pending_line(local, row), "invoice": draft["id"]})
            total_up(local, draft)
    return row


def _waiting(local: "Local", key: str) -> Row:
    row = local.store.get("invoiceitem", key)
    if row["invoice"] is not None:
        raise StripeError("This invoice item is already attached to an invoice.")
    return row


@route("POST", "/v1/invoiceitems/{}")
def update_invoice_item(local: "Local", form: forms.Form, key: str) -> Row:
    row = _waiting(local, key)
    asked = forms.read(form, ITEM)
    if "metadata" in asked:
        asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
    row.update(asked)
    return row


@route("DELETE", "/v1/invoiceitems/{}")
def delete_invoice_item(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = _waiting(local, key)
    local.store.remove(row)
    emit(local, "invoiceitem.deleted", row)
    return {"id": key, "object": "invoiceitem", "deleted": True}


@route("GET", "/v1/invoiceitems/{}")
def retrieve_invoice_item(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("invoiceitem", key)


@route("GET", "/v1/invoiceitems")
def list_invoice_items(local: "Local", form: forms.Form) -> Row:
    shape = {"customer": forms.text, "invoice": forms.text, "pending": forms.boolean}

    def match(row: Row, asked: forms.Form) -> bool:
        same = (row[name] == asked[name] for name in ("customer", "invoice") if name in asked)
        return all(same) and asked.get("pending") in (None, row["invoice"] is None)

    return page(local, local.store.of("invoiceitem"), form, "/v1/invoiceitems", shape, match=match)
