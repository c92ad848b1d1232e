"""From a delivery to the second visit, through the API, by people with just the rights of their roles."""

import pytest
from tessera.module import modules
from tessera.testing.asking import ask, codes, done, refusals
from tessera.testing.events import drain, tell_again

MACHINES = """{
  acmeMachines(orderBy: [{field: WARRANTY_UNTIL}, {field: NUMBER}]) { nodes {
    id number serialNumber state deliveredOn warrantyUntil isUnderWarranty party { name } delivery { id }
    visits(orderBy: [{field: DUE_ON}]) { nodes { id state dueOn doneOn underWarranty report } }
  } }
}"""
COMPLETE = """mutation ($id: ID!, $input: AcmeVisitCompleteInput!) {
  acmeVisitComplete(id: $id, input: $input) { node { state underWarranty } userErrors { code field } }
}"""
RETIRE = "mutation ($id: ID!) { acmeMachineRetire(id: $id) { node { state } userErrors { code field } } }"
REGISTER = """mutation ($input: AcmeMachineCreateInput!) {
  acmeMachineCreate(input: $input) { node { warrantyUntil } userErrors { code field } }
}"""
PLAN = """mutation ($id: ID!, $input: AcmeVisitPlanInput!) {
  acmeVisitPlan(id: $id, input: $input) { node { dueOn } userErrors { code field } }
}"""


@pytest.fixture
def work_as(as_member):
    """Return a function that enters tenant A with the rights of a role that this module proposes."""
    return lambda role: as_member(*modules()["acme_maintenance"].roles[role].permissions)


def machines():
    body = ask(MACHINES)
    assert "errors" not in body, body
    return body["data"]["acmeMachines"]["nodes"]


def test_a_delivered_pump_is_looked_after_until_it_is_retired(shop, work_as):
    party = shop.customer("Alfreds")
    shop.sell(party, (shop.pump, "2"), (shop.oil, "3"))
    assert drain() > 0
    work_as("acme_technician")
    first, second = machines()
    assert {first["serialNumber"], second["serialNumber"]} == {"SN-1", "SN-2"}
    assert (first["number"], second["number"]) == ("M-2026-00001", "M-2026-00002")
    assert first["party"] == {"name": "Alfreds"} and first["delivery"] is None  # which a technician may not read
    assert (first["deliveredOn"], first["warrantyUntil"]) == ("2026-01-31", "2027-01-31")
    (visit,) = first["visits"]["nodes"]
    assert (visit["state"], visit["dueOn"]) == ("PLANNED", "2026-07-31")

    done(COMPLETE, id=visit["id"], input={"report": "New seal.", "doneOn": "2026-08-31"})
    was, comes = machines()[0]["visits"]["nodes"]
    assert (was["state"], was["doneOn"], was["underWarranty"], was["report"]) == ("DONE", "2026-08-31", True, "New seal.")
    assert (comes["state"], comes["dueOn"]) == ("PLANNED", "2027-02-28")
    assert codes(ask(RETIRE, id=first["id"])) == ["FORBIDDEN"]

    work_as("acme_maintenance_planner")
    assert done(PLAN, id=comes["id"], input={"dueOn": "2027-01-15"}) == {"dueOn": "2027-01-15"}
    assert done(RETIRE, id=first["id"]) == {"state": "RETIRED"}
    assert [each["state"] for each in machines()[0]["visits"]["nodes"]] == ["DONE", "CANCELLED"]
    below = ask("query ($id: ID!) { party(id: $id) { acmeMachines { totalCount } } }", id=party)
    assert below["data"]["party"]["acmeMachines"] == {"totalCount": 2}


def test_a_delivery_that_is_told_twice_is_registered_once(shop, work_as):
    shop.sell(shop.customer("Alfreds"), (shop.pump, "2"))
    drain()
    tell_again()
    work_as("acme_technician")
    assert len(machines()) == 2


def test_what_is_no_longer_possible_is_refused(shop, work_as):
    party = shop.customer("Alfreds")
    shop.sell(party, (shop.pump, "1"))
    drain()
    work_as("acme_maintenance_planner")
    (pump,) = machines()
    (visit,) = pump["visits"]["nodes"]
    given = {"item": shop.pump, "company": shop.company, "party": party, "deliveredOn": "2026-01-01"}
    assert refusals(REGISTER, input=given | {"item": shop.oil}) == [("NOT_FOUND", "input.item")]
    assert [code for code, _field in refusals(REGISTER, input=given | {"serialNumber": pump["serialNumber"]})] == ["UNIQUE"]
    assert done(REGISTER, input=given | {"serialNumber": "SN-3"}) == {"warrantyUntil": "2027-01-01"}
    assert refusals(COMPLETE, id=visit["id"], input={"report": " "}) == [("REQUIRED", "input.report")]
    assert refusals(COMPLETE, id=visit["id"], input={"report": "x", "doneOn": "2199-01-01"}) == [("INVALID", "input.doneOn")]
    done(COMPLETE, id=visit["id"], input={"report": "Looked at.", "doneOn": "2026-02-01"})
    assert refusals(COMPLETE, id=visit["id"], input={"report": "Again."}) == [("STATE", "state")]
    assert refusals(PLAN, id=visit["id"], input={"dueOn": "2027-01-15"}) == [("STATE", "state")]


def test_a_service_plan_is_refused_where_it_makes_no_sense(shop):
    plan = "mutation ($input: AcmeServicePlanCreateInput!) { acmeServicePlanCreate(input: $input) { node { id } userErrors { code field } } }"
    for months in (0, 121):
        assert refusals(plan, input={"item": shop.oil, "intervalMonths": months}) == [("INVALID", "input.intervalMonths")]
    assert refusals(plan, input={"item": shop.oil, "warrantyMonths": 121}) == [("INVALID", "input.warrantyMonths")]
    assert refusals(plan, input={"item": shop.pump}) == [("UNIQUE", "input.item")]


def test_a_pump_that_is_sold_again_moves_to_its_new_customer(shop, sell_as_member, work_as):
    first = shop.sell(shop.customer("Alfreds"), (shop.pump, "2"))
    drain()
    sell_as_member()
    shop.take_back(first)
    shop.sell(shop.customer("Bon app"), (shop.pump, "2"), on="2026-03-02")
    drain()
    work_as("acme_technician")
    found = sorted((each["serialNumber"], each["party"]["name"], each["state"]) for each in machines())
    assert found == [
        *(("SN-1", "Alfreds", "RETIRED"), ("SN-1", "Bon app", "IN_USE")),
        *(("SN-2", "Alfreds", "RETIRED"), ("SN-2", "Bon app", "IN_USE")),
    ]
