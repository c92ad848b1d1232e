"""What a member may not see tells nothing, in no answer: rows out of reach, and fields without their right."""

from tessera.errors import Code
from tessera.testing.probing import Coverage
from tessera.testing.sweep.colleagues import HIDDEN, MINE, is_scoped
from tessera.testing.sweep.companies import unseen
from tessera.testing.sweep.findings import CLOSED

from tests.isolation.conftest import SUMS


def test_there_is_something_to_hide(colleagues):
    """Of nearly every kind that is seen in part one row is out of reach; some have but one row in a tenant."""
    assert colleagues.missing == {}
    scoped = [shape.resource for shape in colleagues.schema.extensions["shapes"] if is_scoped(shape.resource)]
    both = [each for each in scoped if {(each.model, MINE), (each.model, HIDDEN)} <= colleagues.asked.rows.made.keys()]
    assert len(both) == len(scoped)


def test_no_answer_depends_on_what_is_hidden(colleagues):
    coverage = Coverage(colleagues.schema)
    tally = colleagues.sweep(coverage=coverage).tally
    assert {place for place in unseen(coverage) if place[1] not in SUMS and place[0] != "ReconciliationRow"} == set()
    assert tally.defects == []
    assert set(tally.codes) <= CLOSED - {Code.TOO_COMPLEX}
