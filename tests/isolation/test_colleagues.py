"""What a member may not see tells nothing, in no answer: rows out of reach, and fields without their right."""

import pytest
from tessera.errors import Code
from tessera.testing.sweep.colleagues import HIDDEN, MINE, TWIN, is_scoped, told_by_order
from tessera.testing.sweep.companies import PARTS, unseen
from tessera.testing.sweep.findings import CLOSED

from tests.isolation.conftest import SUMS, one_in
from tests.isolation.planting import find, planted_in


def test_there_is_something_to_hide(colleagues):
    assert colleagues.missing == {}
    scoped = [shape.resource for shape in colleagues.schema.extensions["shapes"] if is_scoped(shape.resource)]
    assert [
        each.name for each in scoped if not {(each.model, MINE), (each.model, HIDDEN)} <= colleagues.asked.rows.made.keys()
    ] == []


def test_there_is_an_order_to_hide(colleagues):
    """Wherever a list can be ordered by a protected column, two rows are seen that it orders otherwise in each tenant."""
    found = told_by_order(colleagues.asked.rows)
    assert "Opportunity" in {each.name for each in found}
    for each in found:
        for name in set(each.order) & each.field_rights.keys():
            seen = [
                [getattr(place.rows.made[each.model, number], name) for number in (MINE, TWIN)]
                for place in (colleagues.asked, colleagues.other)
            ]
            assert [mine < twin for mine, twin in seen] == [True, False], f"{each.name}.{name}: {seen}"


def test_the_documents_visit_every_place_of_the_schema(colleagues):
    assert {place for place in unseen(colleagues.coverage()) if place[1] not in SUMS and place[0] != "ReconciliationRow"} == set()


@pytest.mark.safety
@pytest.mark.parametrize("part", ["counts", "keys", *PARTS])
def test_no_answer_depends_on_what_is_hidden(colleagues, part, count):
    tally = colleagues.sweep(part, every=one_in(part, count)).tally
    count.note(documents=tally.asked)
    assert tally.defects == []
    assert set(tally.codes) <= CLOSED - {Code.TOO_COMPLEX}


@pytest.mark.parametrize("name", planted_in("colleagues"))
def test_a_planted_leak_is_found(colleagues, monkeypatch, name):
    """The sweep is worth what it finds: a leak that is planted in a gate makes it fail."""
    find(colleagues, name, monkeypatch)
