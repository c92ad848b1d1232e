"""The page on which a person pays a checkout session, and the bank's page in between."""

from typing import TYPE_CHECKING

from billing.local_stripe import checkout_completion, forms, pages, tax_ids
from billing.local_stripe.amounts import price_of, written, written_unit
from billing.local_stripe.calendar_months import day_of
from billing.local_stripe.cards import CARDS
from billing.local_stripe.errors import StripeError
from billing.local_stripe.lines import every
from billing.local_stripe.pages import Html
from billing.local_stripe.routing import Page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

OFFERED = {
    "visa": "is charged",
    "chargeDeclined": "is declined",
    "chargeDeclinedInsufficientFunds": "has insufficient funds",
    "authenticationRequired": "asks for 3-D Secure at every payment",
    "authenticationRequiredOnSetup": "asks for 3-D Secure once",
    "chargeCustomerFail": "is saved, and declined when charged",
    "createDispute": "is charged, and disputed",
}

TOLD = ("country", "name", "tax_id", "tax_id_type")


def card_choices(chosen: str = "visa", *, but: tuple[str, ...] = ()) -> Html:
    """Return the test cards to choose from."""
    return pages.parts(
        "card",
        [
            {
                "value": name,
                "brand": CARDS[name].brand.title(),
                "last4": f"•••• {CARDS[name].last4}",
                "note": note,
                "checked": Html("checked" if name == chosen else ""),
            }
            for name, note in OFFERED.items()
            if name not in but
        ],
    )


@route("GET", "/c/pay/{}")
def show_checkout(local: "Local", form: forms.Form, key: str) -> Page:
    session = local.store.get("checkout.session", key)
    return _page(session) if session["status"] == "open" else _closed(session)


def _closed(session: Row) -> Page:
    if session["status"] == "complete":
        link = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        return pages.notice("Already completed", "This checkout has been paid.", link=link, label="Go on")
    return pages.notice("Expired", "This checkout is no longer open.", link=session["cancel_url"] or "", label="Back", status=410)


def _page(
    session: Row, problem: str | None = None, card: str = "visa", status: int = 200, told: dict[str, str] | None = None
) -> Page:
    currency, asked = session["currency"], session["_asked"]
    trial = any(asked.get(name) for name in ("trial_end", "trial_period_days"))
    lines = [_line(line, currency) for line in session["_line_items"]]
    totals = session["total_details"]
    sums = [("Discount", -totals["amount_discount"]), ("Tax", totals["amount_tax"])]
    shown = [{"name": name, "amount": written(amount, currency), "kind": ""} for name, amount in sums if amount]
    shown.append({"name": "Due today", "amount": written(session["amount_total"], currency), "kind": "strong"})
    days = asked.get("trial_period_days")
    free = f"{days} days free" if days else f"Free until {day_of(asked['trial_end'])}" if trial else ""
    needs, rhythm = checkout_completion.needs_card(session), every(session["_line_items"][0]["price"])
    body = pages.part(
        "checkout",
        title="Start your trial" if trial else "Subscribe",
        total=free or written(session["amount_total"], currency),
        due=f"Then {written(_regular(session), currency)} each {rhythm}, before discounts and tax, until it is cancelled",
        lines=pages.parts("line", lines),
        sums=pages.parts("sum", shown),
        cancel=session["cancel_url"] or "",
        no_cancel=Html("" if session["cancel_url"] else "hidden"),
        pay_title="Pay by card" if needs else "No card needed",
        alert=pages.alert(problem),
        email=session["customer_email"] or (session["customer_details"] or {}).get("email") or "",
        told=_told_fields(session, told or {}),
        no_email=Html("hidden" if session["customer"] else ""),
        no_cards=Html("" if needs else "hidden disabled"),
        cards=card_choices(card),
        pay="Start trial" if trial else f"Pay {written(session['amount_total'], currency)}",
        no_codes=Html("" if session["allow_promotion_codes"] else "hidden"),
    )
    return pages.whole("Checkout", body, status=status)


def _line(line: Row, currency: str) -> Row:
    """Return a line of what is bought; what is metered has no amount yet."""
    if line["price"]["recurring"]["usage_type"] == "metered":
        return {"name": line["description"], "note": "by usage", "amount": f"{written_unit(line['price'])} each"}
    return {
        "name": f"{line['quantity']} × {line['description']}",
        "note": f"{written(line['price']['unit_amount'] or 0, currency)} each / {every(line['price'])}",
        "amount": written(line["amount_total"] - line["amount_tax"], currency),
    }


def _told_fields(session: Row, told: dict[str, str]) -> Html:
    """Return the fields for what the session wants to know of the customer."""
    fields = []
    if checkout_completion.asks_address(session) or session["tax_id_collection"]["enabled"]:
        fields.append({"name": "name", "label": "Name of the company", "hint": "", "complete": "organization"})
    if checkout_completion.asks_address(session):
        fields.append({"name": "country", "label": "Country", "hint": "two letters, like DE", "complete": "country"})
    if session["tax_id_collection"]["enabled"]:
        kinds = ", ".join(tax_ids.FORMS)
        fields.append({"name": "tax_id_type", "label": "Kind of tax number", "hint": f"one of {kinds}", "complete": "off"})
        fields.append({"name": "tax_id", "label": "Tax number", "hint": "may be left empty", "complete": "off"})
    return pages.parts("field", [{**field, "value": told.get(field["name"], "")} for field in fields])


def _regular(session: Row) -> int:
    """Return what a full period of what is bought costs."""
    return sum(price_of(line["price"], line["quantity"]) for line in session["_line_items"])


@route("POST", "/c/pay/{}")
def use_checkout(local: "Local", form: forms.Form, key: str) -> Page:
    session = local.store.get("checkout.session", key)
    if session["status"] != "open":
        return _closed(session)
    action, card = form.get("action"), form.get("card")
    if card is not None and card not in CARDS:
        raise StripeError("No such card.", param="card")
    told = {name: form[name].strip() for name in TOLD if form.get(name)}
    try:
        if action == "code":
            checkout_completion.redeem(local, session, form.get("code", ""))
            return pages.go(f"/c/pay/{key}")
        if action == "authenticate" and form.get("passed") != "yes":
            problem = "We are unable to authenticate your payment method. Please choose another one."
            return _page(session, problem, card or "visa", 402, told)
        if form.get("email") and session["customer"] is None:
            session["customer_email"] = form["email"]
        status = checkout_completion.complete(local, session, card, told, authenticated=action == "authenticate")
    except StripeError as error:
        return _page(session, str(error), card or "visa", error.status, told)
    if status == "requires_action":
        amount = written(session["amount_total"], session["currency"])
        kept = pages.parts("hidden", [{"name": name, "value": value} for name, value in told.items()])
        body = pages.part("challenge", last4=f"•••• {CARDS[card or ''].last4}", amount=amount, card=card, kept=kept)
        return pages.whole("3-D Secure", body)
    return pages.go(session["success_url"].replace("{CHECKOUT_SESSION_ID}", key))
