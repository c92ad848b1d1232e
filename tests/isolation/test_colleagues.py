"""What a member may not see tells nothing, in no answer: rows out of reach, and fields without their right."""

import pytest
from tessera.errors import Code
from tessera.testing.sweep.colleagues import HIDDEN, MINE, is_scoped
from tessera.testing.sweep.companies import PARTS, unseen
from tessera.testing.sweep.findings import CLOSED

from tests.isolation.conftest import SUMS


def test_there_is_something_to_hide(colleagues):
    assert colleagues.missing == {}
    scoped = [shape.resource for shape in colleagues.schema.extensions["shapes"] if is_scoped(shape.resource)]
    assert [
        each.name for each in scoped if not {(each.model, MINE), (each.model, HIDDEN)} <= colleagues.asked.rows.made.keys()
    ] == []


def test_the_documents_visit_every_place_of_the_schema(colleagues):
    assert {place for place in unseen(colleagues.coverage()) if place[1] not in SUMS and place[0] != "ReconciliationRow"} == set()


@pytest.mark.parametrize("part", ["counts", *PARTS])
def test_no_answer_depends_on_what_is_hidden(colleagues, part):
    tally = colleagues.sweep(part).tally
    assert tally.defects == []
    assert set(tally.codes) <= CLOSED - {Code.TOO_COMPLEX}
