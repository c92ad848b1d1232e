"""What belongs to a party is reached as far as the party is, and hidden fields are hidden on every path."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.context import Reach
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.testing.asking import ask, codes
from tessera.unit_of_work import unit_of_work

from modules.base.models import BankAccount, Company, OrgUnit, Party, PartyRole
from modules.base.services import AddressInput, ContactPointInput, assign_person, create_party, link_member
from modules.base.tests.factories import make_company

OWNED = ("addresses", "contactPoints", "taxRegistrations", "bankAccounts", "partyRoles")
VIEWS = tuple(
    f"base.{noun}_view" for noun in ("party", "address", "contact_point", "tax_registration", "bank_account", "party_role")
)


@pytest.fixture
def bob(inside):
    """Two parties with one of everything each; bob owns the first."""
    bob = new_id()
    company = make_company()
    with unit_of_work():
        unit = OrgUnit(company=company, code="N", name="North")
        unit.save()
    for name, owner, place in (("Mine", bob, None), ("Theirs", None, unit)):
        party = create_party(
            name=name,
            org_unit=place,
            addresses=[AddressInput(city=name)],
            contact_points=[ContactPointInput(kind="email", value=f"{name}@example.com")],
            tax_country="DE",
            tax_number=name,
        )
        with unit_of_work():
            party.owner = owner
            party.save()
            BankAccount(party=party, bank=name, number="42").save()
            PartyRole(party=party, company=company, role="customer", credit_limit=Decimal(500)).save()
    return bob


def seen(field: str) -> list[str]:
    nodes = ask(f"{{ {field} {{ nodes {{ party {{ name }} }} totalCount }} }}")["data"][field]
    assert nodes["totalCount"] == len(nodes["nodes"])
    return [node["party"]["name"] for node in nodes["nodes"]]


@pytest.mark.parametrize("field", OWNED)
def test_who_reaches_only_its_own_parties_sees_only_what_belongs_to_them(bob, as_member, field):
    as_member(*VIEWS, reach=Reach(own=True), member_id=bob)
    assert seen(field) == ["Mine"]


@pytest.mark.parametrize("field", OWNED)
def test_who_reaches_a_unit_sees_what_belongs_to_its_parties(bob, as_member, field):
    as_member(*VIEWS, reach=Reach(units=frozenset([OrgUnit.objects.get().pk])))
    assert seen(field) == ["Theirs"]


def test_who_reaches_a_company_sees_the_parties_that_have_a_role_in_it(bob, as_member):
    create_party(name="Nobody's")
    with unit_of_work():
        PartyRole(party=Party.objects.get(name="Mine"), company=Company.objects.get(), role="supplier").save()
    as_member(*VIEWS, reach=Reach(companies=frozenset([Company.objects.get().pk])))
    for field in ("addresses", "contactPoints", "taxRegistrations", "bankAccounts"):
        assert sorted(seen(field)) == ["Mine", "Theirs"]
    assert sorted(seen("partyRoles")) == ["Mine", "Mine", "Theirs"]
    found = ask("{ parties { totalCount nodes { name } } }")["data"]["parties"]
    assert (found["totalCount"], sorted(node["name"] for node in found["nodes"])) == (2, ["Mine", "Theirs"])
    as_member(*VIEWS, reach=Reach(companies=frozenset([new_id()])))
    assert ask("{ parties { totalCount } }")["data"]["parties"] == {"totalCount": 0}


def test_an_address_of_a_party_out_of_reach_is_neither_made_nor_changed(bob, as_member):
    theirs = Party.objects.get(name="Theirs")
    key = theirs.addresses.get().pk
    as_member(*VIEWS, "base.address_create", "base.address_update", reach=Reach(own=True), member_id=bob)
    create = f'addressCreate(input: {{party: "{encode("Party", theirs.pk)}", city: "Rome"}})'
    update = f'addressUpdate(id: "{encode("Address", key)}", input: {{city: "Rome"}})'
    for field, call in (("addressCreate", create), ("addressUpdate", update)):
        answer = ask(f"mutation {{ {call} {{ userErrors {{ code }} }} }}")
        found = codes(answer) or [error["code"] for error in answer["data"][field]["userErrors"]]
        assert found == ["NOT_FOUND"]
    assert sorted(theirs.addresses.values_list("city", flat=True)) == ["Theirs"]


def test_a_credit_limit_is_hidden_wherever_it_could_be_read_or_guessed(bob, as_member):
    as_member(*VIEWS)
    assert [n["creditLimit"] for n in ask("{ partyRoles { nodes { creditLimit } } }")["data"]["partyRoles"]["nodes"]] == [
        None,
        None,
    ]
    nested = ask("{ parties { nodes { roles { nodes { creditLimit } } } } }")["data"]["parties"]["nodes"]
    assert [role["creditLimit"] for party in nested for role in party["roles"]["nodes"]] == [None, None]
    one = encode("PartyRole", PartyRole.objects.first().pk)
    assert ask(f'{{ partyRole(id: "{one}") {{ creditLimit }} }}')["data"]["partyRole"] == {"creditLimit": None}
    for given in ('filter: {creditLimit: {eq: "500"}}', 'filter: {not: {creditLimit: {gt: "1"}}}'):
        assert codes(ask(f"{{ partyRoles({given}) {{ totalCount }} }}")) == ["FORBIDDEN"]


def test_who_may_see_credit_limits_sees_and_finds_by_them(bob, as_member):
    as_member(*VIEWS, "base.credit_limit_view")
    found = ask('{ partyRoles(filter: {creditLimit: {eq: "500"}}) { totalCount nodes { creditLimit } } }')["data"]["partyRoles"]
    assert (found["totalCount"], [Decimal(node["creditLimit"]) for node in found["nodes"]]) == (2, [500, 500])


def test_posts_and_people_of_another_unit_are_out_of_reach(inside, as_member):
    with unit_of_work():
        units = [OrgUnit(company=make_company(code), code=code, name=code) for code in ("N", "S")]
        for unit in units:
            unit.save()
    people = [create_party(name=unit.code, kind=Party.Kind.PERSON) for unit in units]
    members = [new_id(), new_id()]
    for unit, person, member in zip(units, people, members, strict=True):
        assign_person(person=person, unit=unit, valid_from=date(2026, 1, 1))
        link_member(member=member, person=person)
    views = tuple(f"base.{noun}_view" for noun in ("org_unit", "assignment"))
    as_member(*views, reach=Reach(own=True, units=frozenset([units[0].pk])))
    found = ask("{ orgUnits { nodes { code } } assignments { nodes { unit { code } } } }")["data"]
    assert found == {"orgUnits": {"nodes": [{"code": "N"}]}, "assignments": {"nodes": [{"unit": {"code": "N"}}]}}
    as_member("base.member_person_view", "base.party_view", reach=Reach(own=True), member_id=members[1])
    assert ask("{ memberPersons { totalCount } }")["data"]["memberPersons"]["totalCount"] == 1


def test_a_warning_of_duplicates_tells_nothing_of_parties_out_of_reach(bob, as_member):
    as_member("base.party_create", "base.party_view", reach=Reach(own=True), member_id=bob)
    asked = '{ partyDuplicates(name: "%s") { reason party { name } } }'
    assert ask(asked % "mine")["data"]["partyDuplicates"] == [{"reason": "name", "party": {"name": "Mine"}}]
    assert ask(asked % "theirs")["data"]["partyDuplicates"] == []
