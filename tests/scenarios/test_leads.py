"""Leads are given in turn, the clock of the first answer runs, and who is late is seen."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEADS = "{ leads(orderBy: [{field: CAPTURED_AT, direction: ASC}]) { nodes { companyName isOverdue slaDueAt owner { name } } } }"
SELLS = ("sales.lead_view", "sales.lead_respond", "sales.lead_lose")


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as moved:
        yield moved


@pytest.fixture
def desk(clock, hire):
    return hire("dan", "sales.lead_view", "sales.lead_create", "access.member_view")


@pytest.fixture
def sellers(clock, hire):
    return [hire(name, *SELLS, "access.member_view", reach="own") for name in ("bob", "cyd")]


@pytest.fixture
def mia(clock, hire, sellers):
    mia = hire(
        "mia", "sales.lead_view", "sales.lead_assign", "sales.lead_rule_create", "sales.lead_rule_view", "access.member_view"
    )
    turn = [{"member": each.id} for each in sellers]
    mia.do("leadRuleCreate", input={"name": "In turn", "members": turn, "slaHours": 4, "source": "web"})
    return mia


def capture(desk, drain, tenant, *names, source="web"):
    made = [desk.do("leadCreate", input={"companyName": name, "contactName": "June", "source": source})["id"] for name in names]
    drain(tenant)
    return made


def test_leads_go_to_the_sellers_in_turn_and_each_sees_only_its_own(desk, mia, sellers, drain, tenant):
    capture(desk, drain, tenant, "One", "Two", "Three")
    capture(desk, drain, tenant, "By hand", source="fair")
    seen = [(each["companyName"], (each["owner"] or {}).get("name")) for each in mia.see(LEADS)["leads"]["nodes"]]
    assert seen == [("One", "Bob"), ("Two", "Cyd"), ("Three", "Bob"), ("By hand", None)]
    bob, cyd = sellers
    assert [each["companyName"] for each in bob.see(LEADS)["leads"]["nodes"]] == ["One", "Three"]
    assert [each["companyName"] for each in cyd.see(LEADS)["leads"]["nodes"]] == ["Two"]


def test_an_answer_in_time_stops_the_clock_and_a_late_one_stays_late(desk, mia, sellers, drain, tenant, clock):
    first, second, _third = capture(desk, drain, tenant, "One", "Two", "Three")
    bob, cyd = sellers
    clock.shift(timedelta(hours=3))
    bob.do("leadRespond", id=first)
    clock.shift(timedelta(hours=2))
    cyd.do("leadRespond", id=second)
    nodes = mia.see(LEADS)["leads"]["nodes"]
    assert {each["slaDueAt"] for each in nodes} == {"2026-03-02T13:00:00+00:00"}
    assert [each["isOverdue"] for each in nodes] == [False, True, True]


def test_another_ones_lead_is_as_if_it_were_not_there_and_only_the_manager_gives_it_away(desk, mia, sellers, drain, tenant):
    (lead,) = capture(desk, drain, tenant, "One")
    bob, cyd = sellers
    assert cyd.refused("leadRespond", id=lead) == [("NOT_FOUND", "id")]
    denied = bob.ask(f'mutation {{ leadAssign(id: "{lead}", input: {{owner: "{cyd.id}"}}) {{ userErrors {{ code }} }} }}')
    assert denied["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "sales.lead_assign"}
    assert mia.do("leadAssign", "owner { name }", id=lead, input={"owner": cyd.id}) == {"owner": {"name": "Cyd"}}
    assert cyd.do("leadLose", "state", id=lead, input={"reason": "No budget"}) == {"state": "LOST"}
