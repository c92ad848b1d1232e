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
    bob, wes, fay, ada = (stage.people[who] for who in ("bob", "wes", "fay", "ada"))
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
    with stage.step("three of eight are delivered, the rest is closed short") as found:
        deliver(wes, order["id"], [(order["lines"]["nodes"][0]["id"], "3")])
        closed = ada.run("salesOrderShortClose", "id number state", id=order["id"], input={"reason": "The shop moves"})
        found["state"] = closed["state"]
    with stage.step("what was delivered is invoiced and settled with the advance") as found:
        draft = fay.run("invoiceCreateFor", input={"document": order["id"]})
        invoice = fay.run("invoicePost", "id number grossTotal openAmount paymentState", id=draft["id"])
        stage.check("what the advance leaves open", Decimal(invoice["openAmount"]), Decimal(invoice["grossTotal"]) - ADVANCE)
        stage.check("the invoice", invoice["paymentState"], "partly paid")
        found["invoice"], found["open"] = invoice["number"], invoice["openAmount"]
    with stage.step("the rest is paid, and the order closes") as found:
        payment = pay(stage, stage.ids["customer"], Decimal(invoice["openAmount"]), company, invoice["id"])
        found["payment"] = payment["number"]
        stage.until("the order to close", lambda: order_of(ada, order["id"])["state"] == "closed")


def draw_graph(stage: Stage, company: Company) -> None:
    """Draw the first order's documents as a tree with quantities, amounts and times."""
    ada = stage.people["ada"]
    document = (
        "query ($id: ID!) { documentGraph(id: $id) { complete nodes { id kind number title state depth parent quantity amount"
        " currency recordedAt } } }"
    )
    with stage.step("the document graph of the first order") as found:
        graph = ada.query(document, id=stage.ids["order"])["documentGraph"]
        stage.check("the graph is complete", graph["complete"], True)
        found["documents"] = len(graph["nodes"])
    for node in graph["nodes"]:
        stage.say("     " + "    " * node["depth"] + _told(node))
    kinds = [node["kind"] for node in graph["nodes"]]
    for kind, times in EXPECTED.items():
        stage.check(f"{kind} in the graph", kinds.count(kind), times)


EXPECTED = {
    "sales.Lead": 1,
    "sales.Opportunity": 1,
    "orders.Quote": 1,
    "orders.SalesOrder": 1,
    "stock.Delivery": 2,
    "stock.Receipt": 1,
    "finance.Invoice": 2,
    "finance.Payment": 2,
    "service.Survey": 1,
    "service.Ticket": 1,
}


def _told(node: dict[str, Any]) -> str:
    parts = [node["kind"].partition(".")[2], node["number"] or node["title"], node["state"]]
    if node["quantity"] is not None:
        parts.append(f"{Decimal(node['quantity']).normalize():f} pcs")
    if node["amount"] is not None:
        parts.append(f"{node['amount']} {node['currency']}")
    return "  ".join(str(part) for part in (*parts, (node["recordedAt"] or "")[:19]) if part)


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
        orders = [each for each in stage.people["ada"].query(document)["salesOrders"]["nodes"] if each["externalId"]]
        lines = [line for order in orders for line in order["lines"]["nodes"]]
        found["reserved"] = sum((Decimal(line["reservedQuantity"]) for line in lines), ZERO)
        found["backordered"] = sum((Decimal(line["backorderedQuantity"]) for line in lines), ZERO)
        waiting = [line for line in lines if Decimal(line["backorderedQuantity"])]
        complete = [
            order for order in orders if not any(Decimal(line["backorderedQuantity"]) for line in order["lines"]["nodes"])
        ]
        stage.check("orders and lines", (len(orders), len(lines)), (21, 73))
        stage.check("reserved and backordered", (found["reserved"], found["backordered"]), (Decimal(727), Decimal(471)))
        stage.check("lines that wait", len(waiting), 31)
        stage.check("complete orders", len(complete), 5)
        on_hand = stage.people["ada"].query(
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
        page = stage.people["ada"].query(document, after=after)["salesOrderLines"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]
    raise StoryFailed("more order lines than the story expects")
