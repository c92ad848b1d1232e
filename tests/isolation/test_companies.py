"""Two companies with equal keys, codes and addresses never meet, wherever the schema leads."""

from tessera.errors import Code
from tessera.testing.probing import Coverage
from tessera.testing.sweep.canaries import AMBER, COBALT
from tessera.testing.sweep.companies import unseen
from tessera.testing.sweep.findings import CLOSED, body_of, digests, undone
from tessera.testing.sweep.worlds import raw


def test_every_model_has_rows_in_both_companies(companies):
    assert companies.missing == {}
    assert {key for key in companies.asked.rows.made if key[1] < 2} == {key for key in companies.other.rows.made if key[1] < 2}


def test_nothing_of_another_company_is_answered(companies):
    coverage = Coverage(companies.schema)
    tally = companies.sweep(*companies.parts(), coverage=coverage).tally
    assert unseen(coverage) == []
    assert tally.defects == [], "\n".join(tally.defects)
    assert set(tally.codes) <= CLOSED - {Code.TOO_COMPLEX}, "a document that is refused as a whole asks nothing"


def test_the_rows_of_the_other_company_would_be_recognised(companies):
    """The same lists asked there are full of what must not be found here."""
    for text in companies.parts()["pages"]():
        assert COBALT.found_in(raw(companies.other.post(text)))
        assert AMBER.found_in(raw(companies.asked.post(text)))


def test_what_is_of_another_company_is_like_what_is_nowhere(companies):
    before = digests(companies.other)
    with undone(companies.asked):
        for theirs, nothing in companies.pairs():
            changed = theirs.startswith("mutation")
            told, absent = (body_of(companies.asked.post(text), changed=changed) for text in (theirs, nothing))
            assert told == absent, theirs[:400]
        assert digests(companies.other) == before
