"""Act four: the delivered goods are invoiced and paid, one piece comes back, and the customer is asked."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from tessera.story.client import Client, Enum
from tessera.story.companies import Company
from tessera.story.mailbox import Mailbox
from tessera.story.stage import Stage

INVOICE = (
    "id number state grossTotal paymentState openAmount lines(first: 50) { nodes { id baseQuantity net gross item { code } } }"
)


def invoice_and_payments(stage: Stage, company: Company) -> None:
    """Fay invoices what was delivered, and the customer pays in two parts."""
    fay = stage.people["fay"]
    with stage.step("fay invoices what was delivered") as found:
        draft = fay.run("invoiceCreateFor", input={"document": stage.ids["order"]})
        invoice = fay.run("invoicePost", INVOICE, id=draft["id"])
        stage.ids["invoice"], stage.ids["invoice_lines"] = invoice["id"], invoice["lines"]["nodes"]
        found["invoice"], found["total"] = invoice["number"], invoice["grossTotal"]
    total = Decimal(invoice["grossTotal"])
    first = (total / 3).quantize(Decimal("0.01"))
    for title, amount in (("a first payment", first), ("the rest is paid", total - first)):
        with stage.step(title) as found:
            payment = pay(stage, stage.ids["customer"], amount, company, stage.ids["invoice"])
            found["payment"], found["amount"] = payment["number"], amount
    paid = invoice_of(fay, stage.ids["invoice"])
    stage.check("the invoice", (paid["paymentState"], Decimal(paid["openAmount"])), ("PAID", Decimal(0)))


def pay(stage: Stage, party: str, amount: Decimal, company: Company, invoice: str = "", order: str = "") -> dict[str, Any]:
    """Take a payment of a customer: against the open items of an invoice, or as an advance on an order."""
    fay = stage.people["fay"]
    draft = fay.run(
        "paymentCreate",
        input={
            "company": stage.ids["company"],
            "party": party,
            "direction": Enum("IN"),
            "side": Enum("CUSTOMER"),
            "amount": amount,
            "currency": company.currency,
            "postingDate": stage.today,
            "order": order or None,
            "orderKind": "orders.SalesOrder" if order else None,
        },
    )
    items = (
        fay.query("query ($id: ID!) { invoice(id: $id) { openItems(first: 50) { nodes { id residual } } } }", id=invoice)[
            "invoice"
        ]["openItems"]["nodes"]
        if invoice
        else []
    )
    allocations = [{"item": item["id"], "amount": amount} for item in items if Decimal(item["residual"])][:1]
    return fay.run("paymentPost", "id number state", id=draft["id"], input={"allocations": allocations} if allocations else None)


def invoice_of(person: Client, invoice: str) -> dict[str, Any]:
    """Return an invoice as it is now."""
    return person.query(f"query ($id: ID!) {{ invoice(id: $id) {{ {INVOICE} }} }}", id=invoice)["invoice"]


def return_and_credit(stage: Stage, company: Company) -> None:
    """One piece comes back into quality hold at the value it left with, and is credited."""
    wes, fay = stage.people["wes"], stage.people["fay"]
    delivery = stage.ids["deliveries"][0]
    line = delivery["lines"]["nodes"][0]
    with stage.step("one piece comes back") as found:
        receipt = wes.run(
            "deliveryReturn",
            "id number state",
            id=delivery["id"],
            input={"lines": [{"line": line["id"], "quantity": "1"}], "reason": "Dented tin"},
        )
        stage.check("the return", receipt["state"], "done")
        stage.ids["return"] = receipt["id"]
        found["receipt"] = receipt["number"]
    with stage.step("and is credited") as found:
        credited = next(each for each in stage.ids["invoice_lines"] if each["item"]["code"] == line["item"]["code"])
        draft = fay.run(
            "invoiceCredit",
            id=stage.ids["invoice"],
            input={"lines": [{"line": credited["id"], "quantity": "1"}], "reason": "Dented tin"},
        )
        note = fay.run("invoicePost", "id number grossTotal", id=draft["id"])
        stage.ids["credit_note"] = note["id"]
        found["note"], found["total"] = note["number"], note["grossTotal"]


def survey_and_ticket(stage: Stage, company: Company) -> None:
    """The customer was asked once, gives a 2, and a ticket is opened."""
    sam = stage.people["sam"]
    with stage.step("the customer answers the survey with a 2") as found:
        sent = stage.until("the survey", lambda: _surveys(sam, stage.ids["customer"]))
        stage.check("surveys of the order", len(sent), 1)
        (link, *_) = stage.until(
            "its letter",
            lambda: Mailbox(stage.mail).links_to(stage.customer.email, f"{stage.ids['url']}public/surveyAnswer/"),
        )
        answer_survey(stage, link, 2, "One tin was dented")
        found["survey"] = sent[0]["id"]
    with stage.step("which opens a ticket") as found:
        (ticket,) = stage.until("the ticket", lambda: _tickets(sam, sent[0]["id"]))
        stage.ids["ticket"] = ticket["id"]
        found["ticket"] = ticket["number"]


def _surveys(person: Client, party: str) -> list[dict[str, Any]]:
    document = "query ($party: ID!) { surveys(filter: {party: {id: {eq: $party}}}) { nodes { id state } } }"
    return person.query(document, party=party)["surveys"]["nodes"]


def _tickets(person: Client, survey: str) -> list[dict[str, Any]]:
    document = "query ($survey: ID!) { tickets(filter: {survey: {id: {eq: $survey}}}) { nodes { id number state } } }"
    return person.query(document, survey=survey)["tickets"]["nodes"]


def answer_survey(stage: Stage, link: str, score: int, comment: str) -> None:
    """Answer a survey as the customer does, on the page behind the link of the letter."""
    parts = urlsplit(link)
    customer = stage.client(parts.netloc)
    customer.get(parts.path)
    customer.submit(parts.path, {"score": str(score), "comment": comment})
