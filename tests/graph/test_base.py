"""The API of a real module: parties of base, from declaration to answer."""

import pytest
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.unit_of_work import unit_of_work

CREATE = """mutation($input: PartyCreateInput!) { partyCreate(input: $input, idempotencyKey: "one") {
    node { id code name kind contactPoints { nodes { value } } addresses { totalCount } } userErrors { field code } } }"""


@pytest.fixture
def bob(inside):
    grants = {
        f"base.{right}": EVERYTHING
        for right in ("party_view", "party_create", "contact_point_view", "party_role_view", "company_view")
    }
    with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants)) as context:
        yield context.actor


def test_a_party_is_created_found_and_shown(bob, ask):
    input = {"name": "Meier & Co", "contactPoints": [{"kind": "EMAIL", "value": "office@meier.example"}]}
    made = ask(CREATE, input=input).data["partyCreate"]
    assert made["userErrors"] == []
    assert made["node"]["code"] == "P00001"  # given at the end of the unit of work
    assert made["node"]["contactPoints"]["nodes"] == [{"value": "office@meier.example"}]
    assert made["node"]["addresses"] == {"totalCount": 0}  # bob may not view addresses
    assert ask(CREATE, input=input).data["partyCreate"] == made
    found = ask('{ parties(search: "meier", filter: {kind: {eq: ORGANISATION}}) { totalCount nodes { id } } }').data["parties"]
    assert found == {"totalCount": 1, "nodes": [{"id": made["node"]["id"]}]}


def test_a_nameless_party_is_refused_at_its_field(bob, ask):
    assert ask(CREATE, input={"name": " "}).data["partyCreate"] == {
        "node": None,
        "userErrors": [{"field": ["input", "name"], "code": "REQUIRED"}],
    }


def test_a_credit_limit_needs_its_right(inside, bob, ask):
    from modules.base.models import Company, Currency, Party, PartyRole

    with unit_of_work():
        currency = Currency.objects.filter(code="USD").first() or Currency(code="USD", name="US dollar")
        currency.save()
        company = Company(code="one", name="One", currency="USD") if not Company.objects.exists() else Company.objects.first()
        company.save()
        party = Party(code="P1", name="Meier", owner=bob.member_id)
        party.save()
        PartyRole(party=party, company=company, role=PartyRole.Role.CUSTOMER, credit_limit=5000).save()
    text = "query($id: ID!) { party(id: $id) { roles { nodes { role creditLimit company { code } } } } }"
    shown = ask(text, id=encode("Party", party.pk)).data["party"]["roles"]["nodes"]
    assert shown == [{"role": "CUSTOMER", "creditLimit": None, "company": {"code": company.code}}]
    assert ask('{ partyRoles(filter: {creditLimit: {gt: "1"}}) { totalCount } }').fields == [["filter", "creditLimit"]]
    narrow = {right: Reach(own=True) for right in bob.grants} | {"base.credit_limit_view": EVERYTHING}
    seen = [{"role": "CUSTOMER", "creditLimit": "5000", "company": None}]
    other = {"base.party_view": EVERYTHING, "base.credit_limit_view": EVERYTHING}
    for grants, shown in (
        (narrow, seen),  # bob's own party
        (other | {"base.party_role_view": Reach(companies=frozenset([company.pk]))}, seen),
        (other | {"base.party_role_view": Reach(companies=frozenset([party.pk]))}, []),
    ):
        with acting(Actor(kind="member", member_id=bob.member_id, grants=grants)):
            assert ask(text, id=encode("Party", party.pk)).data["party"]["roles"]["nodes"] == shown
