"""The same customer comes in twice, is noticed, and becomes one again."""

import pytest
from tessera.story.client import Enum

PARTY = "base.party_view"
EDITS = (PARTY, "base.party_create", "base.contact_point_view", "base.contact_point_create", "base.tax_registration_view")
DUPLICATES = "query ($name: String, $email: String) { partyDuplicates(name: $name, email: $email) { reason party { code } } }"


def point(kind, value):
    return {"kind": Enum(kind), "value": value}


@pytest.fixture
def ida(hire):
    return hire("ida", *EDITS)


@pytest.fixture
def mia(hire):
    return hire("mia", *EDITS, "base.party_merge")


def customer(person, code, **values):
    return person.do("partyCreate", input={"code": code, "name": "Maple Street Bakery", "kind": Enum("ORGANISATION"), **values})[
        "id"
    ]


def test_who_enters_a_customer_is_warned_of_one_like_it(ida):
    customer(ida, "C-1", contactPoints=[point("EMAIL", "june@maple.example")])
    found = ida.see(DUPLICATES, name="maple street bakery", email="JUNE@maple.example")["partyDuplicates"]
    assert {each["party"]["code"] for each in found} == {"C-1"}
    assert len({each["reason"] for each in found}) == len(found)
    assert ida.see(DUPLICATES, name="Harbour Tea", email="")["partyDuplicates"] == []


def test_two_entries_of_one_customer_are_merged_by_who_may(ida, mia):
    kept = customer(ida, "C-1", contactPoints=[point("EMAIL", "june@maple.example")])
    twice = customer(ida, "C-2", contactPoints=[point("PHONE", "+1 617 555 0133"), point("EMAIL", "june@maple.example")])
    denied = ida.ask(f'mutation {{ partyMerge(id: "{twice}", input: {{into: "{kept}"}}) {{ userErrors {{ code }} }} }}')
    assert denied["errors"][0]["extensions"]["permission"] == "base.party_merge"
    assert mia.refused("partyMerge", id=kept, input={"into": kept}) == [("INVALID", "input.into")]
    assert mia.do("partyMerge", id=twice, input={"into": kept})["id"] == kept
    shown = mia.see("query ($id: ID!) { party(id: $id) { contactPoints { nodes { kind value } } } }", id=kept)["party"]
    assert {each["value"] for each in shown["contactPoints"]["nodes"]} == {"june@maple.example", "+1 617 555 0133"}
    assert mia.see("query ($id: ID!) { party(id: $id) { mergedInto { id } } }", id=twice)["party"] == {"mergedInto": {"id": kept}}
    assert mia.refused("partyMerge", id=twice, input={"into": kept}) == [("STATE", "id")]
