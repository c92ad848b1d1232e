"""Two companies with equal keys, codes and addresses never meet, wherever the schema leads."""

from itertools import islice

import pytest
from django.utils import timezone
from tessera.errors import Code
from tessera.testing.sweep.canaries import AMBER, COBALT
from tessera.testing.sweep.companies import PARTS, unseen
from tessera.testing.sweep.findings import CLOSED, body_of, difference, digests, undone
from tessera.testing.sweep.worlds import raw
from time_machine import travel

from tests.isolation.conftest import one_in
from tests.isolation.planting import find, planted_in


def test_every_model_has_rows_in_both_companies(companies):
    assert companies.missing == {}
    assert {key for key in companies.asked.rows.made if key[1] < 2} == {key for key in companies.other.rows.made if key[1] < 2}


def test_the_documents_visit_every_place_of_the_schema(companies):
    """A field that a module adds is asked for from the day it is there, or this fails."""
    assert unseen(companies.coverage()) == []


@pytest.mark.safety
@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_another_company_is_answered(companies, part, count):
    tally = companies.sweep(part, every=one_in(part, count)).tally
    count.note(documents=tally.asked)
    assert tally.defects == []
    assert set(tally.codes) <= CLOSED - {Code.TOO_COMPLEX}, "a document that is refused as a whole asks nothing"


def test_the_rows_of_the_other_company_would_be_recognised(companies):
    """The same lists asked there are full of what must not be found here."""
    for text in companies.parts()["pages"]():
        assert COBALT.found_in(raw(companies.other.post(text)))
        assert AMBER.found_in(raw(companies.asked.post(text)))


@pytest.mark.safety
def test_what_is_of_another_company_is_like_what_is_nowhere(companies, count):
    def answer_to(text):
        with undone(companies.asked):
            return body_of(companies.asked.post(text), changed=text.startswith("mutation"))

    before = digests(companies.other)
    with undone(companies.asked):
        for theirs, nothing in islice(companies.pairs(), 0, None, count("one_in", 6, 1)):
            with travel(timezone.now(), tick=False):  # cursors tell when they were made
                told, absent = answer_to(theirs), answer_to(nothing)
            assert told == absent, f"{theirs[:400]}\n{difference(told, absent)}"
        assert digests(companies.other) == before


@pytest.mark.parametrize("name", planted_in("companies"))
def test_a_planted_leak_is_found(companies, monkeypatch, name):
    """The sweep is worth what it finds: a leak that is planted in a gate makes it fail."""
    find(companies, name, monkeypatch)
