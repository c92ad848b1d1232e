"""Taxes of an invoice: the rates set by hand, or what automatic tax would find for the customer's country."""

from decimal import Decimal
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.amounts import rounded
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

AUTOMATIC = {"CN": ("vat", Decimal(6)), "DE": ("vat", Decimal(19)), "FR": ("vat", Decimal(20)), "GB": ("vat", Decimal(20))}
CREATE: forms.Shape = {
    "active": forms.boolean,
    "country": forms.text,
    "description": forms.text,
    "display_name": forms.text,
    "inclusive": forms.boolean,
    "jurisdiction": forms.text,
    "metadata": forms.strings,
    "percentage": forms.decimal,
    "state": forms.text,
    "tax_type": forms.text,
}


def told(subscription: Row) -> Row:
    """Return what an invoice says of automatic tax."""
    enabled = bool(subscription.get("automatic_tax", {}).get("enabled"))
    liability = {"type": "self"} if enabled else None
    status = "complete" if enabled else None
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": liability,
        "provider": "stripe" if enabled else None,
        "status": status,
    }


def make(local: "Local", asked: forms.Form) -> Row:
    """Make a tax rate."""
    percentage = asked["percentage"]
    return local.store.add(
        {
            "object": "tax_rate",
            "active": asked.get("active", True),
            "country": asked.get("country"),
            "created": local.now(),
            "description": asked.get("description"),
            "display_name": asked["display_name"],
            "effective_percentage": percentage.__float__(),
            "flat_amount": None,
            "inclusive": asked["inclusive"],
            "jurisdiction": asked.get("jurisdiction"),
            "jurisdiction_level": None,
            "livemode": False,
            "metadata": asked.get("metadata") or {},
            "percentage": percentage.__float__(),
            "rate_type": "percentage",
            "state": asked.get("state"),
            "tax_type": asked.get("tax_type"),
            "_percent": str(percentage),
        }
    )


def _rates(local: "Local", invoice: Row) -> list[tuple[Row, str]]:
    """Return the rates of an invoice with the reason why; those of the subscription go before automatic ones."""
    if invoice["customer_tax_exempt"] == "exempt":
        return []
    subscription = local.store.kinds.get("subscription", {}).get(invoice["_subscription"] or "")
    if subscription and subscription["default_tax_rates"]:
        return [(local.store.kinds["tax_rate"][each["id"]], "standard_rated") for each in subscription["default_tax_rates"]]
    country = (invoice["customer_address"] or {}).get("country")
    if not invoice["automatic_tax"]["enabled"] or country not in AUTOMATIC:
        return []
    kind, percentage = AUTOMATIC[country]
    found = next(local.store.of("tax_rate", country=country, _automatic=True), None)
    if found is None:
        found = make(
            local,
            {"display_name": kind.upper(), "inclusive": False, "percentage": percentage, "country": country, "tax_type": kind},
        )
        found["_automatic"] = True
    return [(found, "reverse_charge" if invoice["customer_tax_exempt"] == "reverse" else "standard_rated")]


def apply(local: "Local", invoice: Row) -> list[Row]:
    """Set the taxes of the lines of an invoice, each line rounded by itself; return their totals by rate."""
    totals = []
    rates = _rates(local, invoice)
    for line in invoice["_lines"]:
        line["taxes"] = []
    for rate, reason in rates:
        amount = base = 0
        for line in invoice["_lines"]:
            taxable = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
            tax = 0 if reason == "reverse_charge" else rounded(taxable * Decimal(rate["_percent"]) / 100)
            amount, base = amount + tax, base + taxable
            line["taxes"].append(_tax(rate, reason, tax, taxable))
        totals.append(_tax(rate, reason, amount, base))
    return totals


def _tax(rate: Row, reason: str, amount: int, taxable: int) -> Row:
    return {
        "amount": amount,
        "tax_behavior": "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": reason,
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


@route("POST", "/v1/tax_rates")
def create_tax_rate(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, CREATE, required=("display_name", "inclusive", "percentage"))
    if asked["inclusive"]:
        raise StripeError("The local Stripe reckons exclusive taxes only", param="inclusive")
    row = make(local, asked)
    emit(local, "tax_rate.created", row)
    return row


@route("POST", "/v1/tax_rates/{}")
def update_tax_rate(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("tax_rate", key)
    asked = forms.read(form, {name: CREATE[name] for name in CREATE if name not in ("inclusive", "percentage")})
    with changing(local, "tax_rate.updated", row):
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked)
    return row


@route("GET", "/v1/tax_rates/{}")
def retrieve_tax_rate(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("tax_rate", key)


@route("GET", "/v1/tax_rates")
def list_tax_rates(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("tax_rate"), form, "/v1/tax_rates", {"active": forms.boolean, "inclusive": forms.boolean})
