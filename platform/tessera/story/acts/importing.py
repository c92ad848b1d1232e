"""Act two: the company's organisation, masters, opening stock and books come in."""

import json
from typing import Any

from tessera.story.acts.founding import OWNER, STAFF
from tessera.story.client import Client, Enum, StoryFailed
from tessera.story.companies import Company
from tessera.story.stage import Stage

IMPORT = (
    "mutation ($input: ImportRunCreateInput!) { importRunCreate(input: $input)"
    " { node { total imported problems held } userErrors { field code message } } }"
)


def set_up_company(stage: Stage, company: Company) -> None:
    """Make the legal entity, its sales team with a manager, and who is who."""
    ida = stage.people["ida"]
    with stage.step("ida sets up the company, its units and its people") as found:
        made = ida.run(
            "companyCreate",
            input={
                "code": "HQ",
                "name": company.name,
                "currency": company.currency,
                "country": "US",
                "discountLimit": "0.10",
            },
        )
        stage.ids["company"] = found["company"] = made["id"]
        unit = ida.run("orgUnitCreate", input={"company": made["id"], "code": "SALES", "name": "Sales"})
        stage.ids["unit"] = unit["id"]
        persons = {}
        names = dict([OWNER], **{who: name for who, (name, _) in STAFF.items()})
        for who, name in names.items():
            persons[who] = ida.run("partyCreate", input={"name": name, "kind": Enum("PERSON")})["id"]
            ida.run("memberPersonCreate", input={"member": stage.ids[who], "person": persons[who]})
        for who in STAFF:
            manager = persons["mia"] if who == "bob" else persons["ada"]
            ida.run(
                "assignmentCreate",
                input={"person": persons[who], "unit": unit["id"], "manager": manager, "validFrom": "1990-01-01"},
            )


def import_rows(stage: Stage, person: Client, importer: str, rows: list[dict[str, Any]]) -> int:
    """Import rows, all or nothing; return how many came in."""
    given = {"importer": importer, "data": json.dumps(rows), "format": "JSON"}
    payload = person.query(IMPORT, input=given)["importRunCreate"]
    if payload["userErrors"]:
        raise StoryFailed(f"{importer}: {payload['userErrors']}")
    run = payload["node"]
    if run["problems"] or run["held"]:
        raise StoryFailed(f"{importer}: {(run['problems'] or run['held'])[:3]}")
    return int(run["imported"])


def import_masters(stage: Stage, company: Company) -> None:
    """Import categories, suppliers, customers and items."""
    ida = stage.people["ida"]
    masters = (
        ("item_categories", company.categories),
        ("parties", company.suppliers),
        ("parties", company.customers),
        ("items", company.items),
    )
    for title, (importer, rows) in zip(("categories", "suppliers", "customers", "items"), masters, strict=True):
        with stage.step(f"{len(rows)} {title} are imported") as found:
            found["imported"] = import_rows(stage, ida, importer, rows)
            stage.check(title, found["imported"], len(rows))


def import_orders(stage: Stage, company: Company) -> None:
    """Import the orders: delivered ones as history, open ones in the order of their numbers."""
    if not company.orders:
        return
    ida = stage.people["ida"]
    history = [order for order in company.orders if order["delivered_on"]]
    waiting = sorted(
        (order for order in company.orders if not order["delivered_on"]), key=lambda order: int(order["external_id"])
    )
    for title, rows in (("delivered orders are history now", history), ("open orders are confirmed and reserved", waiting)):
        with stage.step(f"{len(rows)} {title}") as found:
            found["imported"] = import_rows(stage, ida, "sales_orders", rows)
            stage.check(title, found["imported"], len(rows))
