"""The books are opened, the opening stock comes in, and a process for discounts is published."""

from decimal import Decimal

from tessera.story.client import Enum
from tessera.story.companies import Company
from tessera.story.stage import Stage


def open_books(stage: Stage, company: Company) -> None:
    """See the books that the company got by its country's chart when it was set up."""
    fay = stage.people["fay"]
    with stage.step("the books are open") as found:
        (book,) = fay.query("{ accountBooks { nodes { id code chart } } }")["accountBooks"]["nodes"]
        stage.ids["book"], found["chart"] = book["id"], book["chart"]


def take_over_stock(stage: Stage, company: Company) -> None:
    """Take the goods on hand over at their cost, against opening equity."""
    ida = stage.people["ida"]
    with stage.step("opening stock comes in against opening equity") as found:
        codes = {node["code"]: node["id"] for node in ida.query("{ items(first: 250) { nodes { id code } } }")["items"]["nodes"]}
        lines = [
            {"item": codes[row["item"]], "quantity": row["quantity"], "unitCost": row["unit_cost"]} for row in company.opening
        ]
        receipt = ida.run("receiptOpen", "id number netTotal", input={"company": stage.ids["company"], "lines": lines})
        expected = sum((Decimal(row["quantity"]) * Decimal(row["unit_cost"]) for row in company.opening), Decimal(0))
        value = sum(Decimal(row["value"]) for row in _stock(stage))
        stage.check("value of the opening stock", value, expected.quantize(Decimal("0.01")))
        if company.slug == "northwind":
            stage.check("which is", value, Decimal("44430.51"))
        found["receipt"], found["value"] = receipt["number"], value


def _stock(stage: Stage) -> list[dict[str, str]]:
    document = "query ($company: ID!) { stockValue(company: $company) { code quantity value } }"
    return stage.people["ida"].query(document, company=stage.ids["company"])["stockValue"]


def publish_process(stage: Stage, company: Company) -> None:
    """From now on a quote with more than 10 % discount waits for the manager of who sends it."""
    ada = stage.people["ada"]
    with stage.step("discounts above 10 % need the manager's approval") as found:
        process = ada.run(
            "processDefinitionCreate",
            input={
                "name": "Discount above 10 %",
                "kind": "orders.Quote",
                "transition": "sent",
                "conditions": [{"fact": "discount_percent", "above": "10"}],
                "steps": [{"title": "Manager", "manager": True, "rule": Enum("ANY")}],
            },
        )
        ada.run("processDefinitionPublish", id=process["id"])
        found["process"] = process["id"]
