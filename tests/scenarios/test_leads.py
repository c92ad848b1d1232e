"""Leads are given in turn, the clock of the first answer runs, and who is late is seen."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from tessera.access.services import assign_role
from tessera.access.tests.people import make_role
from tessera.context import system
from tessera.testing.asking import id_of
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.models import OrgUnit
from modules.base.services import assign_person, create_party, link_member
from modules.base.tests.factories import make_company

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


def test_an_owner_by_hand_has_as_long_to_answer_as_one_in_turn(desk, mia, sellers):
    bob, _cyd = sellers
    given = {"companyName": "One", "source": "web", "owner": bob.id}
    assert desk.do("leadCreate", "slaDueAt owner { name }", input=given) == {
        "slaDueAt": "2026-03-02T13:00:00+00:00",
        "owner": {"name": "Bob"},
    }


@pytest.fixture
def teams(tenant):
    """The units East and West of a company, and a function that lets somebody work in one."""
    with entered(tenant, actor=system("test")), unit_of_work():
        company = make_company()
        units = {}
        for code in ("East", "West"):
            units[code] = OrgUnit(company=company, code=code, name=code)
            units[code].save()

    def work(person, code):
        with entered(tenant, actor=system("test")):
            someone = create_party(kind="person", name=person.member.name)
            assign_person(person=someone, unit=units[code], valid_from=date(2026, 1, 1))
            link_member(member=person.member.pk, person=someone)

    return work, units


TAKES = ("sales.lead_view", "sales.lead_create", "base.org_unit_view", "access.member_view")
SHOWN = "companyName owner { name } orgUnit { code } capturedBy { name }"


def test_a_lead_is_of_the_unit_of_whoever_takes_it_in_and_seen_by_the_unit(clock, hire, teams):
    work, units = teams
    eve, fay, gus = (hire(name, *TAKES, reach="unit") for name in ("eve", "fay", "gus"))
    for person, unit in ((eve, "East"), (fay, "East"), (gus, "West")):
        work(person, unit)
    assert eve.do("leadCreate", SHOWN, input={"companyName": "One"}) == {
        "companyName": "One", "owner": None, "orgUnit": {"code": "East"}, "capturedBy": {"name": "Eve"},
    }  # fmt: skip
    there = {"companyName": "Two", "orgUnit": id_of(units["West"])}
    assert gus.do("leadCreate", SHOWN, input=there)["orgUnit"] == {"code": "West"}
    names = "{ leads(orderBy: [{field: CAPTURED_AT, direction: ASC}]) { nodes { companyName } } }"
    seen = [[each["companyName"] for each in person.see(names)["leads"]["nodes"]] for person in (eve, fay, gus)]
    assert seen == [["One"], ["One"], ["Two"]]


def test_a_role_in_one_unit_makes_leads_of_that_unit(clock, hire, teams, tenant):
    _work, units = teams
    eve = hire("eve", "access.member_view")
    with entered(tenant, actor=system("test")):
        role = make_role("takes leads in", **{right.replace(".", "__"): "unit" for right in TAKES})
        assign_role(member=eve.member, role=role, unit=units["West"].pk)
    assert eve.do("leadCreate", SHOWN, input={"companyName": "One"})["orgUnit"] == {"code": "West"}


def test_who_takes_a_lead_in_goes_on_seeing_it_and_may_do_no_more_with_it(clock, hire, mia, sellers):
    bob, _cyd = sellers
    sue = hire("sue", *TAKES, "sales.lead_update", "sales.lead_lose", reach="own")
    made = sue.do("leadCreate", f"id {SHOWN}", input={"companyName": "One", "source": "web"})
    assert (made["owner"], made["capturedBy"]) == ({"name": "Bob"}, {"name": "Sue"})
    assert sue.see(LEADS)["leads"]["nodes"][0]["companyName"] == "One"
    assert bob.see(LEADS)["leads"]["nodes"][0]["companyName"] == "One"
    for mutation, given in (("leadUpdate", '{phone: "1"}'), ("leadLose", '{reason: "no"}')):
        asked = sue.ask(f'mutation {{ {mutation}(id: "{made["id"]}", input: {given}) {{ userErrors {{ code }} }} }}')
        assert asked["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    stranger = hire("tom", *TAKES, reach="own")
    assert stranger.see(LEADS)["leads"]["nodes"] == []
