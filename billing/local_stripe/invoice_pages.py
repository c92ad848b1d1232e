"""The page and the PDF of an invoice, and the bank's page for one that asks for 3-D Secure."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms, pages, payment_methods
from billing.local_stripe.amounts import written
from billing.local_stripe.calendar_months import day_of
from billing.local_stripe.cards import CARDS
from billing.local_stripe.checkout_pages import card_choices
from billing.local_stripe.errors import StripeError
from billing.local_stripe.invoice_payments import authentication_failed, intent_of, of_intent, pay_with
from billing.local_stripe.pages import Html
from billing.local_stripe.routing import Page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def sums_of(invoice: Row) -> list[tuple[str, int]]:
    """Return what stands below the lines of an invoice."""
    rows = [("Subtotal", invoice["subtotal"])]
    rows += [("Discount", -sum(each["amount"] for each in invoice["total_discount_amounts"]))]
    rows += [("Tax", sum(each["amount"] for each in invoice["total_taxes"]))]
    rows += [("Total", invoice["total"]), ("From the balance", invoice["amount_due"] - invoice["total"])]
    return [(name, amount) for name, amount in rows if amount or name in ("Subtotal", "Total")]


@route("GET", "/i/{}")
def show_invoice_page(local: "Local", form: forms.Form, key: str) -> Page:
    return _page(local.store.get("invoice", key))


def _page(invoice: Row, problem: str | None = None, status: int = 200) -> Page:
    currency = invoice["currency"]
    lines = [
        {
            "name": line["description"] or "",
            "note": f"{day_of(line['period']['start'])} – {day_of(line['period']['end'])}",
            "amount": written(line["amount"], currency),
        }
        for line in invoice["_lines"]
    ]
    body = pages.part(
        "invoice",
        number=invoice["number"] or "(draft)",
        due=written(invoice["amount_due"], currency),
        status=f"{invoice['status'].title()}, {day_of(invoice['created'])}",
        lines=pages.parts("line", lines),
        sums=pages.parts("sum", [{"name": name, "amount": written(n, currency), "kind": ""} for name, n in sums_of(invoice)]),
        alert=pages.alert(problem),
        no_pay=Html("" if invoice["status"] == "open" else "hidden"),
        cards=card_choices(),
        pdf=f"/i/{invoice['id']}/pdf",
    )
    return pages.whole(f"Invoice {invoice['number']}", body, status=status)


@route("POST", "/i/{}")
def pay_on_page(local: "Local", form: forms.Form, key: str) -> Page:
    invoice = local.store.get("invoice", key)
    card = form.get("card", "")
    if card not in CARDS:
        raise StripeError("No such card.", param="card")
    passed = form.get("passed")
    try:
        if passed == "no":
            return _page(invoice, "We are unable to authenticate your payment method.", 402)
        if CARDS[card].asks and not passed:
            amount = written(invoice["amount_remaining"], invoice["currency"])
            return pages.whole(
                "3-D Secure", pages.part("challenge", last4=f"•••• {CARDS[card].last4}", amount=amount, card=card, kept=Html())
            )
        method = payment_methods.attach(local, payment_methods.make(local, card, _authenticated=True), invoice["customer"])
        if pay_with(local, invoice, method, authenticated=True) != "succeeded":
            return _page(invoice, (intent_of(local, invoice) or {})["last_payment_error"]["message"], 402)
    except StripeError as error:
        return _page(invoice, str(error), error.status)
    return pages.go(f"/i/{key}")


@route("GET", "/_local/authenticate/{}")
def show_challenge(local: "Local", form: forms.Form, key: str) -> Page:
    intent = local.store.get("payment_intent", key)
    if intent["status"] != "requires_action":
        return pages.notice("Nothing to confirm", "This payment does not wait for its holder.")
    method = local.store.kinds["payment_method"][intent["payment_method"]]
    amount = written(intent["amount"], intent["currency"])
    return pages.whole(
        "3-D Secure",
        pages.part("challenge", last4=f"•••• {method['card']['last4']}", amount=amount, card=method["_card"], kept=Html()),
    )


@route("POST", "/_local/authenticate/{}")
def use_challenge(local: "Local", form: forms.Form, key: str) -> Page:
    """Let the holder of the card pass 3-D Secure, or not."""
    intent = local.store.get("payment_intent", key)
    if intent["status"] != "requires_action":
        raise StripeError("This payment does not wait for its holder.")
    invoice = of_intent(local, intent)
    if form.get("passed") == "yes":
        pay_with(local, invoice, local.store.kinds["payment_method"][intent["payment_method"]], authenticated=True)
    else:
        authentication_failed(local, invoice)
    return pages.go(f"/i/{invoice['id']}")


@route("GET", "/i/{}/pdf")
def show_pdf(local: "Local", form: forms.Form, key: str) -> Page:
    invoice = local.store.get("invoice", key)
    currency = invoice["currency"]
    texts = [f"Invoice {invoice['number']}", f"{invoice['customer_name'] or ''} {invoice['customer_email'] or ''}", ""]
    texts += [f"{written(line['amount'], currency):>14}  {line['description']}" for line in invoice["_lines"]]
    texts += ["", *(f"{written(amount, currency):>14}  {name}" for name, amount in sums_of(invoice))]
    texts += [f"{written(invoice['amount_due'], currency):>14}  Due", "", "Made by the local Stripe: nobody owes anything."]
    name = {"Content-Disposition": f'inline; filename="{invoice["number"] or invoice["id"]}.pdf"'}
    return Page(pdf(texts), 200, name, "application/pdf")


def pdf(texts: list[str]) -> bytes:
    """Return a PDF of one page with these lines of text."""
    shown = (text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for text in texts)
    lines = b"".join(b"(" + text.encode("cp1252", "replace") + b") '\n" for text in shown)
    stream = b"BT /F1 10 Tf 14 TL 56 780 Td\n" + lines + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer
