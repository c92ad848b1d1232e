"""A company that sells pumps, through the API alone."""

import pytest
from tessera.testing.asking import ask, done

SELLING = ("base.*", "orders.*", "stock.*", "acme_maintenance.acme_service_plan_*")


def run(mutation, kind, shown="id", **arguments):
    """Run a mutation with `input` of the type `kind`, and an `id` where it takes one; return the node."""
    declared, given = ["$input: " + kind], ["input: $input"]
    if "id" in arguments:
        declared, given = [*declared, "$id: ID!"], [*given, "id: $id"]
    text = f"it: {mutation}({', '.join(given)}) {{ node {{ {shown} }} userErrors {{ code field message }} }}"
    return done(f"mutation ({', '.join(declared)}) {{ {text} }}", **arguments)


def create(noun, shown="id", **values):
    """Create a row; return what is shown of it."""
    return run(f"{noun}Create", f"{noun[0].upper()}{noun[1:]}CreateInput!", shown, input=values)


class Shop:
    """Sells pumps by serial number, which have a service plan, and oil, which has none; SN-1, SN-2 and ten oils are there."""

    def __init__(self):
        self.company = create("company", code="HQ", name="Acme Pumps", currency="USD")["id"]
        (unit,) = ask('{ units(filter: {code: {eq: "pcs"}}) { nodes { id } } }')["data"]["units"]["nodes"]  # base brings it
        self.pump = create("item", code="PUMP", name="Pump", unit=unit["id"], tracking="SERIAL")["id"]
        self.oil = create("item", code="OIL", name="Oil", unit=unit["id"])["id"]
        self.plan = create("acmeServicePlan", item=self.pump, warrantyMonths=12, intervalMonths=6)["id"]
        lots = [create("lot", item=self.pump, code=code)["id"] for code in ("SN-1", "SN-2")]
        pumps = [{"item": self.pump, "quantity": "1", "unitCost": "50", "lot": lot} for lot in lots]
        lines = [*pumps, {"item": self.oil, "quantity": "10", "unitCost": "5"}]
        start = {"company": self.company, "lines": lines, "postingDate": "2026-01-01"}
        run("receiptOpen", "ReceiptOpenInput!", input=start)

    def customer(self, name):
        """Return the id of a new customer."""
        return create("party", name=name, roles=[{"company": self.company, "role": "CUSTOMER"}])["id"]

    def sell(self, party, *lines, on="2026-01-31"):
        """Order (item, quantity) lines and let them go on a day; return the id of the delivery."""
        wanted = [{"item": item, "quantity": quantity, "unitPrice": "99"} for item, quantity in lines]
        order = create("salesOrder", company=self.company, party=party, lines=wanted)
        done("mutation ($id: ID!) { salesOrderConfirm(id: $id) { node { id } userErrors { code } } }", id=order["id"])
        given = {"document": order["id"], "documentDate": on, "postingDate": on}
        return run("deliveryShip", "DeliveryShipInput!", input=given)["id"]

    def take_back(self, delivery):
        """Take back all pieces of a delivery, to be sold again."""
        (store,) = ask("{ locations(filter: {kind: {eq: STORAGE}}) { nodes { id } } }")["data"]["locations"]["nodes"]
        body = ask("query ($id: ID!) { delivery(id: $id) { lines { nodes { id quantity } } } }", id=delivery)
        lines = [{"line": line["id"], "quantity": line["quantity"]} for line in body["data"]["delivery"]["lines"]["nodes"]]
        given = {"lines": lines, "location": store["id"], "postingDate": "2026-03-01"}
        run("deliveryReturn", "DeliveryReturnInput!", id=delivery, input=given)


@pytest.fixture
def sell_as_member(as_member):
    """Return a function that enters tenant A as somebody who sells."""
    return lambda: as_member(*SELLING)


@pytest.fixture
def shop(sell_as_member):
    """Return the shop; who sells is entered."""
    sell_as_member()
    return Shop()
