"""Items of a bulk that are refused late, or that a gate holds, are told one by one."""

from datetime import date

import pytest
from tessera.errors import Refused
from tessera.gates import GATES, Answer, gate
from tessera.graph.bulk_mutations import Undone, bulk_work
from tessera.graph.ids import encode
from tessera.graph.mutations import user_errors
from tessera.graph.payloads import Answer as Payload
from tessera.graph.schemas import schema_for
from tessera.graph.verbs import Verb
from tessera.lineage.models import TransitionHold
from tessera.unit_of_work import Phase, attempt, defer

from tests.samples.library.models import Author, Book
from tests.samples.library.services import print_book


class Plain:
    """Reads an input as it is."""

    def gather(self, value, lookup): ...

    def read(self, value, lookup, path):
        return dict(value)


def test_what_a_late_phase_refuses_is_told_of_its_item(library):
    def post(name):
        if name == "bad":
            raise Refused("CLOSED_PERIOD", "It is closed.", "name")

    def run(_row, values):
        author = Author(name=values["name"])
        author.save()
        defer(Phase.POST, lambda: post(values["name"]))
        return Payload(author)

    shape = next(
        each for each in schema_for(frozenset({"base", "library", "lending"})).extensions["shapes"] if each.name == "Author"
    )
    verb = Verb(
        shape=shape,
        word="create",
        permission="library.author_create",
        takes_row=False,
        run=run,
        parts={},
        held=False,
        reader=Plain(),
        places={"name": "input"},
    )
    work = bulk_work(verb, lambda refusal: user_errors(refusal, verb.places))
    items = [{"name": "good"}, {"name": "bad"}, {"name": "better"}]
    with pytest.raises(Undone) as undone:
        attempt(lambda: work({"items": items, "atomic": True}))
    assert [(error.field, error.code) for error in undone.value.answer.user_errors] == [(["items", "1", "name"], "CLOSED_PERIOD")]
    assert Author.objects.count() == 2
    attempt(lambda: work({"items": items, "atomic": False}))
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Ann", "Cid", "better", "good"]


def test_an_item_that_a_gate_holds_waits_by_itself(library):
    def held(transition):
        return Answer.HELD if transition.document.title == "Beta" else Answer.NOT_CONCERNED

    def run(row, values):
        return Payload(print_book(book=row, on=date(2026, 3, 31), **values), kind=Book)

    shapes = schema_for(frozenset({"base", "library", "lending"})).extensions["shapes"]
    shape = next(each for each in shapes if each.name == "Book")
    about = {"shape": shape, "word": "print", "permission": "library.book_print", "takes_row": True, "parts": {}, "held": True}
    verb = Verb(**about, run=run, reader=Plain(), places={"pages": "input"})
    work = bulk_work(verb, lambda refusal: user_errors(refusal, verb.places))
    rows = (library.alpha, library.beta)
    items = [{"id": encode("Book", row.pk), "version": 1, "input": {"pages": 5}} for row in rows]
    registered = gate(ask=held, hold=lambda hold, transition: None)
    try:
        found = attempt(lambda: work({"items": items, "atomic": True}))
    finally:
        GATES.remove(registered)
    assert found.user_errors == []
    assert [(each.node.state, each.hold is not None) for each in found.results] == [("printed", False), ("draft", True)]
    assert dict(Book.objects.values_list("title", "number")) == {"Alpha": "B0001", "Beta": "", "Gamma": ""}
    assert TransitionHold.objects.get().document == library.beta.pk
