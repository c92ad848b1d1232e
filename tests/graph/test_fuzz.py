"""Any document gets from a plan, and from the statement made of it, what it gets from resolving field by field."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import cache

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph import asking, forms, json_sql
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request, documents
from tessera.graph.schemas import schema_for
from tessera.unit_of_work import unit_of_work

from tests.graph.drawing import Documents
from tests.graph.executors import by_plan, by_statement
from tests.graph.reference import Reference
from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book, Subject

MODULES = frozenset({"base", "library", "lending"})
OURS = ["Author", "Book", "Subject", "Loan"]
CURSORS = ("cursor", "startCursor", "endCursor")


def without_cursors(value):
    """Return an answer without its cursors, which the reference cannot sign."""
    if isinstance(value, dict):
        return {name: without_cursors(inner) for name, inner in value.items() if name not in CURSORS}
    return [without_cursors(inner) for inner in value] if isinstance(value, list) else value


def compare(drawn, reference, seen):
    """Hold the three executors equal on a document, on its first page and on the one after a cursor in it."""
    text, cursors = drawn.document(), [None]
    while cursors:
        variables = drawn.variables | {drawn.cursor: cursors.pop()}
        with by_plan():
            planned = orjson.loads(orjson.dumps(answer_here(Request(text, variables)).body))
        codes = [error["extensions"]["code"] for error in planned.get("errors", ())]
        if codes == ["TOO_COMPLEX"]:
            return
        with by_statement() as left:
            made = orjson.loads(orjson.dumps(answer_here(Request(text, variables)).body))
        seen["statements"] += not left and not codes
        seen["plans"] += bool(left)
        assert made == planned, (text, variables)
        plain = reference.run(text, variables)
        expected = orjson.loads(orjson.dumps(plain.data))
        assert without_cursors(planned.get("data")) == without_cursors(expected), (text, variables)
        assert codes == [error.original_error.code for error in plain.errors or ()], (text, variables)
        if variables[drawn.cursor] is None and not codes:
            (page,) = planned["data"].values()
            edges = page.get("edges", ()) if isinstance(page, dict) else ()
            cursors = [edge["cursor"] for edge in edges[:1]]


@pytest.fixture
def rows(inside):
    """Authors, books and what hangs on them, with equal values and holes; returns owner, unit and company."""
    owner, unit, company = new_id(), new_id(), new_id()
    with unit_of_work():
        authors = [
            Author(name=name, kind=kind, born=born, advance=advance, owner=own, unit=of, company=at)
            for name, kind, born, advance, own, of, at in [
                ("a", "person", None, Decimal("1.5"), owner, None, None),
                ("ab", "pen-name", date(2000, 1, 1), None, None, unit, None),
                ("b", "person", date(2001, 1, 1), Decimal(2), None, None, company),
                ("ba", "person", None, None, None, None, None),
            ]
        ]
        for author in authors:
            author.save()
        for number in range(10):
            editor = authors[number // 3] if number % 3 else None
            book = Book(author=authors[number % 3], editor=editor, title="ab"[number % 2] * (number % 3 + 1))
            book.price, book.pages = Decimal(number % 3), [None, 1, 2][number % 3]
            book.state = ["draft", "printed"][number % 2]
            book.save()
            if number % 2:
                loan = Loan(book=book, reader="ab"[number % 2 :], due=date(2000 + number % 2, 1, 1))
                loan.save()
                book.last_loan = loan.pk if number % 3 else new_id()
                book.save()
            for word in "abc"[: number % 4]:
                Subject(book=book, word=word).save()
    known = {model.__name__: list(model.objects.all()) for model in (Author, Book, Subject, Loan)}
    return owner, unit, company, known


@st.composite
def grants(draw, unit, company):
    reaches = [
        None,
        EVERYTHING,
        EVERYTHING,
        Reach(own=True),
        Reach(units=frozenset([unit])),
        Reach(own=True, companies=frozenset([company])),
    ]
    nouns = ["library.author_view", "library.book_view", "library.subject_view", "lending.loan_view", "library.author_advance"]
    return {noun: reach for noun in nouns if (reach := draw(st.sampled_from(reaches))) is not None}


@pytest.fixture
def reference(rows):
    made = reference_for(MODULES)
    made.rows.clear()
    return made


@cache
def reference_for(modules):
    return Reference(modules)


def agree(rows, reference, examples, derandomize=True):
    """Draw so many documents and compare; return how many answers came from statements and from plans."""
    seen = {"statements": 0, "plans": 0}

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def compared(data):
        owner, unit, company, known = rows
        actor = Actor(kind="member", member_id=owner, name="bob", grants=data.draw(grants(unit, company)))
        schema = schema_for(MODULES)
        with acting(actor):
            compare(Documents(data.draw, schema, known, OURS), reference, seen)

    documents.clear()  # what was kept by others was made without the fault
    try:
        compared()
    finally:
        documents.clear()
    return seen


@pytest.mark.safety
def test_plans_statements_and_the_plain_resolution_agree(rows, reference, count):
    examples = count("documents", 150, 5_000)
    seen = agree(rows, reference, examples, derandomize=not count.long)  # the many are drawn anew each time
    count.note(**seen)
    assert seen["statements"] > seen["plans"] > examples // 10


@contextmanager
def planted(place, name, fault):
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(place, dict):
            patch.setitem(place, name, fault)
        else:
            patch.setattr(place, name, fault)
        yield


FAULTS = {
    "rows out of scope": (json_sql, "scoped", lambda resource: resource.model._default_manager.all()),
    "a reach too far": (asking, "_reach", lambda context, right: context.actor.reach(right) is not None),
    "a forgotten field right": (asking, "_may", lambda context, right: True),
    "decimals as they are stored": (forms._LEAVES, forms.scalars.Number, (lambda expression: expression, True)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_statement_is_found(rows, reference, fault):
    with planted(*FAULTS[fault]), pytest.raises(AssertionError):
        agree(rows, reference, 300)
