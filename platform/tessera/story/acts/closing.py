"""The last act: a second order with an advance is short-closed, the graph is drawn, and everything adds up."""

from datetime import date
from decimal import Decimal
from typing import Any

from tessera.story.acts.billing import pay
from tessera.story.acts.selling import code_to_id, deliver, goods, order_of
from tessera.story.client import StoryFailed
from tessera.story.companies import Company
from tessera.story.stage import Stage

ZERO = Decimal(0)
ADVANCE = Decimal("50.00")


def advance_and_short_close(stage: Stage, company: Company) -> None:
    """A second order is paid in advance, delivered in part, and closed short; its advance is settled."""
    bob, wes, fay, mia = (stage.people[who] for who in ("bob", "wes", "fay", "mia"))
    code = goods(company)[1][0]
    with stage.step("a second order, with an advance") as found:
        order = bob.run(
            "salesOrderCreate",
            "id grossTotal",
            input={
                "company": stage.ids["company"],
                "party": stage.ids["customer"],
                "lines": [{"item": code_to_id(bob, "items", code), "quantity": "8"}],
            },
        )
        order = bob.run("salesOrderConfirm", "id number grossTotal lines { nodes { id } }", id=order["id"])
        stage.ids["second"] = order["id"]
        advance = pay(stage, stage.ids["customer"], ADVANCE, company, order=order["id"])
        found["order"], found["advance"] = order["number"], advance["number"]
    with stage.step("three of eight are delivered, mia closes the rest short") as found:
        deliver(wes, order["id"], [(order["lines"]["nodes"][0]["id"], "3")])
        closed = mia.run("salesOrderShortClose", "id number state", id=order["id"], input={"reason": "The shop moves"})
        found["state"] = closed["state"]
    with stage.step("what was delivered is invoiced and settled with the advance") as found:
        draft = fay.run("invoiceCreateFor", input={"document": order["id"]})
        invoice = fay.run("invoicePost", "id number grossTotal openAmount paymentState", id=draft["id"])
        stage.check("what the advance leaves open", Decimal(invoice["openAmount"]), Decimal(invoice["grossTotal"]) - ADVANCE)
        stage.check("the invoice", invoice["paymentState"], "PARTLY_PAID")
        found["invoice"], found["open"] = invoice["number"], invoice["openAmount"]
    with stage.step("the rest is paid, and the order closes") as found:
        payment = pay(stage, stage.ids["customer"], Decimal(invoice["openAmount"]), company, invoice["id"])
        found["payment"] = payment["number"]
        stage.until("the order to close", lambda: order_of(mia, order["id"])["state"] == "closed")


def draw_graph(stage: Stage, company: Company) -> None:
    """Draw the first order's documents as a tree with quantities, amounts and times."""
    kim = stage.people["kim"]
    document = (
        "query ($id: ID!) { documentGraph(id: $id) { complete nodes { id kind number title state depth parent quantity amount"
        " currency recordedAt } } }"
    )
    with stage.step("the document graph of the first order") as found:
        graph = kim.query(document, id=stage.ids["order"])["documentGraph"]
        stage.check("the graph is complete", graph["complete"], True)
        kinds = [node["kind"] for node in graph["nodes"]]
        stage.check("the documents, each once", {kind: kinds.count(kind) for kind in kinds}, EXPECTED)
        found["documents"] = len(graph["nodes"])
    for node in graph["nodes"]:
        stage.say("     " + "    " * node["depth"] + _told(node))


EXPECTED = {
    "sales.Lead": 1,
    "sales.Opportunity": 1,
    "orders.Quote": 1,
    "orders.SalesOrder": 1,
    "stock.Delivery": 2,
    "stock.Receipt": 1,
    "finance.Invoice": 2,
    "finance.Payment": 2,
    "finance.Entry": 7,  # two deliveries and a return, an invoice and a credit note, two payments
    "service.Survey": 1,
    "service.Ticket": 1,
}


def _told(node: dict[str, Any]) -> str:
    parts = [node["kind"].partition(".")[2], node["number"] or node["title"], node["state"]]
    if node["quantity"] is not None:
        parts.append(f"{Decimal(node['quantity']).normalize():f} pcs")
    if Decimal(node["amount"] or 0):  # a delivery has no price
        parts.append(f"{node['amount']} {node['currency']}")
    return "  ".join(str(part) for part in (*parts, (node["recordedAt"] or "")[:19]) if part)


def check_parts(stage: Stage, company: Company) -> None:
    """Check that the parts of the first order make up the whole, and that everything is there once."""
    kim = stage.people["kim"]
    with stage.step("the parts make up the whole, and every document is there once") as found:
        document = (
            "query ($order: ID!, $invoice: ID!) { salesOrder(id: $order) { netTotal grossTotal lines(first: 50) { nodes"
            " { baseQuantity deliveredQuantity invoicedQuantity net gross } } }"
            " invoice(id: $invoice) { grossTotal lines(first: 50) { nodes { baseQuantity net gross } } } }"
        )
        told = kim.query(document, order=stage.ids["order"], invoice=stage.ids["invoice"])
        order, invoice = told["salesOrder"], told["invoice"]
        for name, total in (("net", "netTotal"), ("gross", "grossTotal")):
            stage.check(f"the order's lines, {name}", _sum(order, name), Decimal(order[total]))
        stage.check("the invoice's lines", _sum(invoice, "gross"), Decimal(invoice["grossTotal"]))
        stage.check("the invoice of the order", Decimal(invoice["grossTotal"]), Decimal(order["grossTotal"]))
        stage.check("what was invoiced", _sum(order, "invoicedQuantity"), _sum(order, "baseQuantity"))
        stage.check("what was delivered", _sum(order, "deliveredQuantity"), _sum(order, "baseQuantity"))
        counts = kim.query("{ " + " ".join(f"{name} {{ totalCount }}" for name in DOCUMENTS) + " }")
        imported = len(company.orders)
        for name, times in DOCUMENTS.items():
            count = counts[name]["totalCount"] - (imported if name == "salesOrders" else 0)
            stage.check(name, count, times)
        found |= DOCUMENTS


DOCUMENTS = {
    "leads": 1,
    "opportunities": 1,
    "quotes": 1,
    "salesOrders": 2,
    "deliveries": 3,
    "receipts": 2,  # the opening stock and the return
    "invoices": 3,  # one is the credit note
    "payments": 4,
    "tickets": 1,
}


def _sum(document: dict[str, Any], name: str) -> Decimal:
    return sum((Decimal(line[name]) for line in document["lines"]["nodes"]), ZERO)


def check_books(stage: Stage, company: Company) -> None:
    """Check that stock, receivables and interim accounts are what the ledger says, and the trial balance is zero."""
    fay = stage.people["fay"]
    with stage.step("every subledger is what the ledger says") as found:
        document = "query ($company: ID!) { reconciliation(company: $company) { control ledger subledger difference } }"
        for row in fay.query(document, company=stage.ids["company"])["reconciliation"]:
            found[row["control"]] = row["ledger"]
            stage.check(f"{row['control']} in ledger and subledger", Decimal(row["difference"]), ZERO)
    with stage.step("nothing waits to be billed or invoiced") as found:
        for report in ("receivedNotBilled", "shippedNotInvoiced"):
            document = f"query ($company: ID!, $on: Date!) {{ {report}(company: $company, on: $on) {{ value }} }}"
            rows = fay.query(document, company=stage.ids["company"], on=str(stage.today))[report]
            stage.check(report, [row for row in rows if Decimal(row["value"])], [])
            found[report] = len(rows)
    with stage.step("the trial balance is zero") as found:
        document = (
            "query ($book: ID!, $start: Date!, $end: Date!) { trialBalance(book: $book, start: $start, end: $end)"
            " { debit credit balance } }"
        )
        balance = fay.query(
            document, book=stage.ids["book"], start=str(date(stage.today.year, 1, 1)), end=str(date(stage.today.year, 12, 31))
        )["trialBalance"]
        stage.check("debit and credit", Decimal(balance["debit"]) - Decimal(balance["credit"]), ZERO)
        stage.check("the balance", Decimal(balance["balance"]), ZERO)
        found["turnover"] = balance["debit"]


def check_northwind(stage: Stage, company: Company) -> None:
    """Recompute Northwind's sums through the API; only when the story is about it."""
    if not company.orders:
        return
    with stage.step("Northwind's sums, read through the API") as found:
        units = gross = net = freight = ZERO
        for line in _all_lines(stage):
            if line["document"]["origin"].lower() != "import":
                continue
            if line["kind"] == "CHARGE":
                freight += Decimal(line["net"])
                continue
            units += Decimal(line["baseQuantity"])
            gross += Decimal(line["quantity"]) * Decimal(line["unitPrice"])
            net += Decimal(line["net"])
        found |= {"units": units, "gross": gross, "net": net, "freight": freight}
        stage.check("units", units, Decimal(51317))
        stage.check("gross", gross, Decimal("1354458.59"))
        stage.check("net", net, Decimal("1265793.29"))
        stage.check("freight", freight, Decimal("64942.69"))


def check_northwind_reservations(stage: Stage, company: Company) -> None:
    """The 21 open orders reserve 727 units and wait for 471 on 31 lines; 5 are complete, 16 are not."""
    if not company.orders:
        return
    with stage.step("what the open orders reserve and wait for") as found:
        document = (
            '{ salesOrders(first: 50, filter: {state: {eq: "confirmed"}}) { nodes { externalId'
            " lines(first: 50, filter: {kind: {eq: ITEM}}) { nodes { reservedQuantity backorderedQuantity } } } } }"
        )
        orders = [each for each in stage.people["kim"].query(document)["salesOrders"]["nodes"] if each["externalId"]]
        lines = [line for order in orders for line in order["lines"]["nodes"]]
        found["reserved"] = sum((Decimal(line["reservedQuantity"]) for line in lines), ZERO)
        found["backordered"] = sum((Decimal(line["backorderedQuantity"]) for line in lines), ZERO)
        waiting = [line for line in lines if Decimal(line["backorderedQuantity"])]
        held_up = [order for order in orders if any(Decimal(line["backorderedQuantity"]) for line in order["lines"]["nodes"])]
        stage.check("orders and lines", (len(orders), len(lines)), (21, 73))
        stage.check("reserved and backordered", (found["reserved"], found["backordered"]), (Decimal(727), Decimal(471)))
        stage.check("lines that wait", len(waiting), 31)
        stage.check("orders that are complete and that are not", (len(orders) - len(held_up), len(held_up)), (5, 16))
        on_hand = stage.people["kim"].query(
            "query ($company: ID!) { stockOnHand(company: $company) { available } }", company=stage.ids["company"]
        )["stockOnHand"]
        stage.check("free units", sum((Decimal(row["available"]) for row in on_hand), ZERO), Decimal(2392))


def _all_lines(stage: Stage) -> list[dict[str, Any]]:
    """Read every order line, page by page."""
    document = (
        "query ($after: String) { salesOrderLines(first: 250, after: $after) { nodes { kind quantity baseQuantity unitPrice net"
        " document { origin } } pageInfo { hasNextPage endCursor } } }"
    )
    rows: list[dict[str, Any]] = []
    after = None
    for _ in range(100):
        page = stage.people["kim"].query(document, after=after)["salesOrderLines"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]
    raise StoryFailed("more order lines than the story expects")
