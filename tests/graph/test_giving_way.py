"""Reading a document gives way to requests that are answered meanwhile, and changes nothing about what is read."""

from contextlib import ExitStack

import pytest
from django.db import connections
from tessera.budget import Bucket, Budget
from tessera.context import system
from tessera.fields import new_id
from tessera.graph import answers, documents, giving_way, requests
from tessera.graph.documents import Documents
from tessera.graph.limits import LIMITS, check_variables
from tessera.graph.needs import whole_schema
from tessera.graph.parsing import parse
from tessera.testing.plugin import entered

TEXT = "query($n: Int) { authors(first: $n) { nodes { id name books { nodes { title } } } } }"


@pytest.fixture
def rests(monkeypatch):
    """Note the rests that are taken, and let each stretch of work be long enough for one."""
    taken = []
    monkeypatch.setattr(giving_way, "sleep", taken.append)
    monkeypatch.setattr(giving_way, "WORK", -1.0)
    return taken


@pytest.mark.parametrize("others, rested", [(0, False), (1, False), (2, True)])
def test_it_rests_while_more_than_its_own_request_is_answered(rests, others, rested):
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(giving_way.answering())
        Documents().get("key", whole_schema(), TEXT)
    assert bool(rests) is rested
    assert set(rests) <= {giving_way.REST}
    assert giving_way._answering == 0


def test_it_rests_while_it_parses_and_while_it_validates(rests):
    with giving_way.answering(), giving_way.answering():
        parse(TEXT, LIMITS)
        parsing = len(rests)
        Documents().get("key", whole_schema(), TEXT)
    assert 0 < parsing < len(rests) - parsing


def test_what_takes_no_time_does_not_rest(rests, monkeypatch):
    """However long ago the thread rested last: most requests have a few variables and a document that is known."""
    monkeypatch.setattr(giving_way, "WORK", 0.0)
    monkeypatch.setattr(giving_way, "perf_counter", lambda: 5.0)
    giving_way._since.rest = 1.0
    with giving_way.answering(), giving_way.answering():
        check_variables({"first": 50, "filter": {"name": {"eq": "x"}}})
    assert rests == []


@pytest.mark.committed
def test_a_document_is_read_without_a_connection(tenant, monkeypatch):
    """Others may need those of the pool while it rests."""
    held = []
    monkeypatch.setattr(requests.documents, "get", lambda *given: held.append(connections["default"].connection) or read(*given))
    read = documents.Documents().get
    with entered(tenant, actor=system("test")):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
        assert connections["default"].connection is not None
        budget = Budget([Bucket(f"t_{tenant.id.hex}:budget:reading", 1_000, 1)])
        assert (
            "errors"
            not in answers.answer_here(requests.Request(f"{{ companies {{ totalCount }} }} #{new_id()}", {}), budget).body
        )
    assert held == [None]
