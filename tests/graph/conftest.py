"""What the graph tests share: asking, and a small library to ask about."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from tessera.fields import new_id
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author, Book, Subject


class Asked:
    """The answer to a request."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.body["errors"]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def fields(self) -> list[Any]:
        return [error["extensions"].get("field") for error in self.errors]


def ask_here(text: str, operation: str | None = None, **variables: Any) -> Asked:
    """Ask in the context that is entered, with its modules."""
    response = answer_here(Request(text, variables, operation))
    return Asked(orjson.loads(orjson.dumps(response.body)))


@pytest.fixture
def ask() -> Callable[..., Asked]:
    return ask_here


@pytest.fixture
def library(inside) -> SimpleNamespace:
    """Two authors, of whom ann belongs to bob; three books and their subjects."""
    bob, unit, company = new_id(), new_id(), new_id()
    with unit_of_work():
        ann = Author(name="Ann", born="1950-01-02", advance="1500.50", owner=bob, company=company)
        cid = Author(name="Cid", kind=Author.Kind.PEN_NAME, unit=unit)
        for row in (ann, cid):
            row.save()
        alpha = Book(author=ann, editor=cid, title="Alpha", price="10.50", pages=100)
        beta = Book(author=ann, title="Beta", price="20")
        gamma = Book(author=cid, editor=ann, title="Gamma", pages=300, state=Book.State.PRINTED)
        for row in (alpha, beta, gamma):
            row.save()
        for book, word in ((alpha, "art"), (alpha, "sea"), (gamma, "war")):
            Subject(book=book, word=word).save()
    return SimpleNamespace(bob=bob, unit=unit, company=company, ann=ann, cid=cid, alpha=alpha, beta=beta, gamma=gamma)
