"""Act three: a lead is captured, assigned, converted, quoted, approved, ordered, delivered, returned."""

from datetime import timedelta
from typing import Any

from tessera.story.client import Client, StoryFailed
from tessera.story.companies import Company
from tessera.story.stage import Stage

LINES = "lines(first: 50) { nodes { id position quantity baseQuantity net kind item { id code } } }"


def code_to_id(person: Client, plural: str, code: str) -> str:
    """Return the id of a master by its code."""
    found = person.query(
        f"query ($code: String!) {{ {plural}(filter: {{code: {{eq: $code}}}}) {{ nodes {{ id }} }} }}", code=code
    )
    nodes = found[plural]["nodes"]
    if len(nodes) != 1:
        raise StoryFailed(f"{plural} with code {code}: {nodes}")
    return nodes[0]["id"]


def give_leads_in_turn(stage: Stage, company: Company) -> None:
    """Mia's rule gives every lead to a seller."""
    with stage.step("mia's rule gives leads to the sellers in turn") as found:
        given = {"name": "Everyone in turn", "members": [{"member": stage.ids["bob"]}], "slaHours": 4}
        found["rule"] = stage.people["mia"].run("leadRuleCreate", input=given)["id"]


def capture_and_convert(stage: Stage, company: Company) -> None:
    """Sam takes a lead down, the rule gives it to bob, and bob converts it, once."""
    sam, bob, customer = stage.people["sam"], stage.people["bob"], stage.customer
    with stage.step("sam captures a lead; it is assigned to bob") as found:
        lead = sam.run(
            "leadCreate",
            "id state owner { id } slaDueAt",
            input={
                "companyName": customer.name,
                "contactName": customer.contact,
                "email": customer.email,
                "phone": customer.phone,
                "source": "web",
                "interest": "House espresso and cups for three shops",
            },
        )
        lead = stage.until("the lead to be assigned", lambda: _assigned(bob, lead["id"]))
        stage.check("the lead's owner", lead["owner"]["id"], stage.ids["bob"])
        stage.ids["lead"] = found["lead"] = lead["id"]
        found["due"] = lead["slaDueAt"]
    with stage.step("bob converts it into a customer and an opportunity") as found:
        deal = bob.run(
            "leadConvert",
            "id party { id name } contact { id } stage { name }",
            id=stage.ids["lead"],
            input={
                "title": "Espresso for three shops",
                "amount": "2400.00",
                "currency": company.currency,
                "company": stage.ids["company"],
            },
        )
        again = bob.run("leadConvert", "id", id=stage.ids["lead"])
        stage.check("converting twice", again["id"], deal["id"])
        stage.ids["opportunity"], stage.ids["customer"] = deal["id"], deal["party"]["id"]
        stage.ids["contact"] = deal["contact"]["id"]
        found["opportunity"], found["customer"] = deal["id"], deal["party"]["name"]


def _assigned(person: Client, lead: str) -> dict[str, Any] | None:
    document = "query ($id: ID!) { lead(id: $id) { id state owner { id } slaDueAt } }"
    found = person.query(document, id=lead)["lead"]
    return found if found and found["owner"] else None


def goods(company: Company) -> list[tuple[str, str]]:
    """Return what the first order is about: item codes and quantities, the first two items with enough on hand."""
    plenty = [row["item"] for row in company.opening if int(row["quantity"]) >= 40]
    return [(plenty[0], "30"), (plenty[1], "10")]


def quote_with_approval(stage: Stage, company: Company) -> None:
    """Bob quotes with 15 % off; beyond the limit of 10 % his manager has to approve, then the customer accepts."""
    bob, mia = stage.people["bob"], stage.people["mia"]
    with stage.step("bob quotes with 15 % off") as found:
        quote = bob.run(
            "quoteCreate",
            f"id grossTotal {LINES}",
            input={
                "company": stage.ids["company"],
                "party": stage.ids["customer"],
                "contact": stage.ids["contact"],
                "opportunity": stage.ids["opportunity"],
                "validUntil": str(stage.today + timedelta(days=30)),
                "lines": [
                    {"item": code_to_id(bob, "items", code), "quantity": quantity, "discount": "0.15"}
                    for code, quantity in goods(company)
                ],
            },
        )
        stage.ids["quote"] = found["quote"] = quote["id"]
        found["total"] = quote["grossTotal"]
    with stage.step("sending it waits for approval") as found:
        payload = bob.payload("quoteSend", "node { state } hold { id state }", id=stage.ids["quote"])
        stage.check("no error", payload["userErrors"], [])
        stage.check("the quote's state", payload["node"]["state"], "draft")
        found["hold"] = payload["hold"]["id"]
    with stage.step("mia, his manager, approves") as found:
        task = stage.until("the approval task", lambda: _task(mia))
        mia.run("approvalTaskApprove", id=task["id"], input={"comment": "A good customer to win"})
        found["task"] = task["id"]
        sent = stage.until("the quote to be sent", lambda: _state(bob, "quote", stage.ids["quote"], "sent"))
        found["quote"] = sent["number"]
    with stage.step("the customer accepts; accepting again changes nothing") as found:
        order = bob.run("quoteAccept", "id", id=stage.ids["quote"])
        again = bob.run("quoteAccept", "id", id=stage.ids["quote"])
        stage.check("accepting twice", again["id"], order["id"])
        stage.ids["order"] = found["order"] = order["id"]
        won = stage.until("the opportunity to be won", lambda: _won(bob, stage.ids["opportunity"]))
        found["stage"] = won["stage"]["name"]


def _task(person: Client) -> dict[str, Any] | None:
    nodes = person.query("{ approvalTasks(filter: {state: {eq: OPEN}}) { nodes { id } } }")["approvalTasks"]["nodes"]
    return nodes[0] if nodes else None


def _state(person: Client, what: str, id: str, state: str) -> dict[str, Any] | None:
    found = person.query(f"query ($id: ID!) {{ {what}(id: $id) {{ id number state }} }}", id=id)[what]
    return found if found["state"] == state else None


def _won(person: Client, opportunity: str) -> dict[str, Any] | None:
    document = "query ($id: ID!) { opportunity(id: $id) { id stage { name kind } } }"
    found = person.query(document, id=opportunity)["opportunity"]
    return found if str(found["stage"]["kind"]).lower() == "won" else None


def confirm_and_deliver(stage: Stage, company: Company) -> None:
    """The order is confirmed and reserved; wes delivers a part, then the rest."""
    bob, wes = stage.people["bob"], stage.people["wes"]
    with stage.step("bob confirms the order; stock is reserved") as found:
        order = bob.run("salesOrderConfirm", "id number state", id=stage.ids["order"])
        found["order"] = order["number"]
        lines = _lines(bob, stage.ids["order"])
        stage.check("reserved", [str(line["reservedQuantity"]) for line in lines], [str(line["baseQuantity"]) for line in lines])
        stage.ids["lines"] = [line["id"] for line in lines]
    for title, part in (("wes delivers a part", ["12", "10"]), ("wes delivers the rest", ["18"])):
        with stage.step(title) as found:
            delivery = deliver(wes, stage.ids["order"], list(zip(stage.ids["lines"], part, strict=False)))
            stage.ids.setdefault("deliveries", []).append(delivery)
            found["delivery"] = delivery["number"]
            found["delivered"] = order_of(bob, stage.ids["order"])["percentDelivered"]


def deliver(person: Client, order: str, parts: list[tuple[str, str]]) -> dict[str, Any]:
    """Deliver quantities of an order's lines."""
    lines = [{"line": line, "quantity": quantity} for line, quantity in parts]
    made = person.run("deliveryCreate", input={"document": order, "lines": lines})
    person.run("deliveryReady", id=made["id"])
    return person.run(
        "deliveryComplete", "id number state lines(first: 50) { nodes { id baseQuantity item { code } } }", id=made["id"]
    )


def _lines(person: Client, order: str) -> list[dict[str, Any]]:
    document = (
        "query ($id: ID!) { salesOrder(id: $id) { lines(first: 50, orderBy: [{field: POSITION, direction: ASC}])"
        " { nodes { id baseQuantity reservedQuantity backorderedQuantity deliveredQuantity invoicedQuantity net item { id code } } } } }"
    )
    return person.query(document, id=order)["salesOrder"]["lines"]["nodes"]


def order_of(person: Client, order: str) -> dict[str, Any]:
    document = "query ($id: ID!) { salesOrder(id: $id) { id number state percentDelivered percentInvoiced grossTotal } }"
    return person.query(document, id=order)["salesOrder"]
