"""Tax numbers of customers: their form is checked at once, their existence as Stripe's test mode pretends to."""

import re
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

EU = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
FORMS = {
    "au_abn": (r"\d{11}", "AU"),
    "ca_bn": (r"\d{9}", "CA"),
    "ch_vat": (r"CHE-?(\d{3}\.?){2}\d{3}( ?(MWST|TVA|IVA))?", "CH"),
    "cn_tin": (r"\d{15}|[0-9A-Z]{18}", "CN"),
    "eu_vat": (rf"({EU})[0-9A-Z+*]{{8,12}}", ""),
    "gb_vat": (r"GB\d{9}(\d{3})?", "GB"),
    "hk_br": (r"\d{8}", "HK"),
    "in_gst": (r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", "IN"),
    "jp_trn": (r"T\d{13}", "JP"),
    "sg_uen": (r"\d{8,9}[A-Z]|[A-Z]\d{2}[A-Z]{2}\d{4}[A-Z]", "SG"),
    "us_ein": (r"\d{2}-\d{7}", "US"),
}
CHECKED = {"eu_vat", "gb_vat", "au_abn"}  # Stripe asks a registry about these only
TOLD = {"111111111": "unverified", "222222222": "pending"}  # numbers of test mode; every other one is verified


def check(asked: forms.Form, param: str) -> None:
    """Refuse an unknown type, or a number that has not its form."""
    if asked["type"] not in FORMS:
        raise StripeError(f"The local Stripe knows no tax id type {asked['type']}: {', '.join(FORMS)}", param="type")
    if not re.fullmatch(FORMS[asked["type"]][0], asked["value"]):
        raise StripeError(f"Invalid value for {asked['type']}.", code="tax_id_invalid", param=param)


def make(local: "Local", asked: forms.Form, customer: str) -> Row:
    """Add a checked number to a customer."""
    kind, value = asked["type"], asked["value"]
    status = next((word for digits, word in TOLD.items() if digits in value), "verified") if kind in CHECKED else "unavailable"
    row = local.store.add(
        {
            "object": "tax_id",
            "country": FORMS[kind][1] or ("GR" if value[:2] == "EL" else value[:2]),
            "created": local.now({"customer": customer}),
            "customer": customer,
            "customer_account": None,
            "livemode": False,
            "owner": {"account": None, "application": None, "customer": customer, "customer_account": None, "type": "customer"},
            "type": kind,
            "value": value,
            "verification": {"status": status, "verified_address": None, "verified_name": None},
        }
    )
    emit(local, "customer.tax_id.created", row)
    return row


def told_of(local: "Local", customer: str) -> list[Row]:
    """Return the numbers of a customer as invoices and sessions tell them."""
    return [{"type": row["type"], "value": row["value"]} for row in local.store.of("tax_id", customer=customer)]


SHAPE: forms.Shape = {"type": forms.text, "value": forms.text}


@route("POST", "/v1/customers/{}/tax_ids")
def create_tax_id(local: "Local", form: forms.Form, key: str) -> Row:
    asked = forms.read(form, SHAPE, required=SHAPE)
    local.store.get("customer", key, "customer")
    check(asked, "value")
    return make(local, asked, key)


@route("GET", "/v1/customers/{}/tax_ids")
def list_tax_ids(local: "Local", form: forms.Form, key: str) -> Row:
    return page(local, local.store.of("tax_id", customer=key), form, f"/v1/customers/{key}/tax_ids")


@route("GET", "/v1/customers/{}/tax_ids/{}")
def retrieve_tax_id(local: "Local", form: forms.Form, customer: str, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("tax_id", key)


@route("DELETE", "/v1/customers/{}/tax_ids/{}")
def delete_tax_id(local: "Local", form: forms.Form, customer: str, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("tax_id", key)
    emit(local, "customer.tax_id.deleted", row)
    local.store.remove(row)
    return {"id": key, "object": "tax_id", "deleted": True}
