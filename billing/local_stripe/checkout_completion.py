"""How a checkout session is completed: what the customer tells, the promotion code, the card."""

import re
from typing import TYPE_CHECKING

from billing.local_stripe import coupons, payment_methods, subscriptions, tax_ids
from billing.local_stripe.cards import CARDS
from billing.local_stripe.checkout import details_of, new_customer, total_up
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.invoice_payments import pay_with
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def asks_address(session: Row) -> bool:
    """Say whether the customer has to tell where they are."""
    return bool(session["billing_address_collection"] == "required")


def needs_card(session: Row) -> bool:
    """Say whether this session is completed with a card only."""
    return bool(session["payment_method_collection"] == "always" or session["amount_total"] > 0)


def redeem(local: "Local", session: Row, code: str) -> None:
    """Apply a promotion code that the customer typed."""
    known = local.store.of("promotion_code", active=True)
    found = next((row for row in known if row["code"].lower() == code.strip().lower()), None)
    if found is None or not session["allow_promotion_codes"]:
        raise StripeError("This promotion code is invalid.", code="promotion_code_invalid", param="code")
    asked = [{"promotion_code": found["id"]}]
    coupons.chosen(local, asked, session["customer"])
    session["_asked"]["discounts"] = asked
    session["discounts"] = [{"coupon": None, "promotion_code": found["id"]}]
    total_up(local, session)


def _check_told(session: Row, told: dict[str, str]) -> None:
    country = told.get("country", "")
    if (country or asks_address(session)) and not re.fullmatch("[A-Z]{2}", country):
        raise StripeError("Your country is needed, by its two letters.", param="country")
    if told.get("tax_id"):
        if not session["tax_id_collection"]["enabled"]:
            raise StripeError("This checkout takes no tax number.", param="tax_id")
        tax_ids.check({"type": told.get("tax_id_type", ""), "value": told["tax_id"]}, "tax_id")


def _keep_told(local: "Local", session: Row, customer: Row, told: dict[str, str], *, new: bool) -> None:
    """Save what was told with a new customer, and with a known one where the session says so."""
    saves = {"address": "auto", "name": "auto"} if new else session["_saves"]
    with changing(local, "customer.updated", customer):
        if told.get("country") and saves.get("address") == "auto":
            none = dict.fromkeys(("city", "line1", "line2", "postal_code", "state"))
            customer["address"] = {**none, "country": told["country"]}
        if told.get("name") and saves.get("name") == "auto":
            customer["name"] = told["name"]
    if told.get("tax_id"):
        tax_ids.make(local, {"type": told["tax_id_type"], "value": told["tax_id"]}, customer["id"])


def complete(
    local: "Local", session: Row, card: str | None, told: dict[str, str] | None = None, *, authenticated: bool = False
) -> str:
    """Pay a session with a test card (or none, on a trial): `complete`, or `requires_action` where 3-D Secure is asked.

    `told` are `name`, `country`, `tax_id` and `tax_id_type`, as far as the session takes them. A card that is refused raises its
    error and leaves the session open, with nothing made.
    """
    told = told or {}
    if session["status"] != "open":
        raise StripeError(f"This Checkout Session is {session['status']}.")
    if card is None and needs_card(session):
        raise StripeError("A card is needed.", code="parameter_missing", param="card")
    _check_told(session, told)
    total_up(local, session)  # on a copy: what cannot be made any more is refused before anything is
    known = CARDS[card] if card else None
    if known and known.decline and (session["amount_total"] > 0 or not known.attaches):
        raise known.refusal()
    if known and known.asks and not authenticated:
        return "requires_action"
    new = session["customer"] is None
    customer = new_customer(local, session) if new else local.store.kinds["customer"][session["customer"]]
    session["customer"] = customer["id"]
    _keep_told(local, session, customer, told, new=new)
    total_up(local, session)  # the country may have brought a tax
    method = None
    if card:
        method = payment_methods.attach(local, payment_methods.make(local, card, _authenticated=True), customer["id"])
    made = subscriptions.make(local, {**session["_asked"], "customer": customer["id"]}, method=method)
    invoice = local.store.kinds["invoice"][made["latest_invoice"]]
    if invoice["status"] == "open":
        pay_with(local, invoice, method, authenticated=True)
    session.update(
        status="complete",
        url=None,
        payment_status="paid" if invoice["amount_due"] else "no_payment_required",
        subscription=made["id"],
        invoice=invoice["id"],
        customer_details=details_of(customer, None, tax_ids.told_of(local, customer["id"])),
    )
    emit(local, "checkout.session.completed", session)
    return "complete"
