"""What belongs to a record that not everybody sees is not seen by everybody either."""

import pytest
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph.schemas import schema_for
from tessera.graph.shapes import ChildList
from tessera.module import modules
from tessera.testing.asking import ask
from tessera.unit_of_work import unit_of_work

from modules.base.models import Party
from modules.crm.sales.models import Lead
from modules.crm.sales.selectors.leads import lead_duplicates

SAMPLES = {"Book"}  # the samples show on purpose what it means to declare no scope


def is_scoped(resource):
    scope = resource.scope
    return bool(scope.owner or scope.unit or scope.company or scope.on_record)


def test_what_is_nested_in_a_scoped_record_has_a_scope_of_its_own():
    """Nested it is reached by its parent alone, but its own list starts from all its rows."""
    open_ones = {
        f"{shape.name}.{name}: {member.child.name}"
        for shape in schema_for(frozenset(modules())).extensions["shapes"]
        for name, member in shape.members.items()
        if isinstance(member, ChildList) and is_scoped(shape.resource) and not is_scoped(member.child)
        if member.child.name not in SAMPLES
    }
    assert open_ones == set()


@pytest.fixture
def hidden(inside):
    """A party that is somebody else's; returns a function that says what bob is told, with a reach of the right to view parties."""
    with unit_of_work():
        Party(code="P1", name="Hidden Ltd", owner=new_id()).save()

    def told(reach):
        grants = {"base.party_view": reach, "base.party_create": EVERYTHING, "sales.lead_view": EVERYTHING}
        with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants)):
            asked = ask('{ partyDuplicates(name: "hidden ltd") { reason } }')["data"]["partyDuplicates"]
            return [each["reason"] for each in asked], [
                each.reason for each in lead_duplicates(lead=Lead(company_name="Hidden Ltd"))
            ]

    return told


def test_nobody_is_told_of_a_likely_duplicate_that_they_do_not_see(hidden):
    assert hidden(EVERYTHING) == (["name"], ["name"])
    assert hidden(Reach(own=True)) == ([], [])
