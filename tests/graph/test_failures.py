"""What goes wrong on our side says nothing but an id."""

import logging
from contextlib import nullcontext

import pytest
from django.db import OperationalError, connection, transaction
from tessera.errors import ApiError, Code, Refused
from tessera.graph import plan, sent

from tests.graph.executors import by_plan


class _Fails:
    """Stands for a selector, and raises."""

    def __init__(self, error, selector):
        self.error, self.__wrapped__, self.__name__, self.__module__ = error, selector, "totals", selector.__module__
        self.__doc__ = selector.__doc__

    def __call__(self, **_):
        raise self.error


@pytest.fixture
def failing(monkeypatch, inside):
    from tessera.resource import REPORTS

    report, selector = REPORTS["authorTotals"], REPORTS["authorTotals"].selector

    def fail(error):
        object.__setattr__(report, "selector", _Fails(error, selector))

    yield fail
    object.__setattr__(report, "selector", selector)


def test_a_defect_is_masked_and_logged_under_its_id(failing, ask, caplog):
    failing(ValueError("SELECT secret FROM safe"))
    with caplog.at_level(logging.ERROR, "tessera.graph.failures"):
        asked = ask("{ authorTotals { books } books { totalCount } }")
    (error,) = asked.errors
    assert asked.body["data"] == {"authorTotals": None, "books": {"totalCount": 0}}
    assert error["message"] == "Something went wrong on our side."
    assert error["path"] == ["authorTotals"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(asked.body)
    assert error["extensions"]["errorId"] in caplog.text
    assert "SELECT secret FROM safe" in caplog.text


@pytest.mark.parametrize(
    "error, code, extensions",
    [
        (ApiError(Code.RATE_LIMITED, "Slowly.", after=5), "RATE_LIMITED", {"after": 5}),
        (
            Refused("CLOSED_PERIOD", "March is closed.", "posting_date"),
            "BAD_INPUT",
            {"field": ["postingDate"], "reason": "CLOSED_PERIOD"},
        ),
        (Refused("NOT_FOUND", "No.", "party"), "NOT_FOUND", {"field": ["party"], "reason": "NOT_FOUND"}),
    ],
)
def test_what_is_said_on_purpose_is_shown(failing, ask, error, code, extensions):
    failing(error)
    (shown,) = ask("{ authorTotals { books } }").errors
    assert (shown["message"], shown["extensions"]) == (str(error), {"code": code, **extensions})


@pytest.mark.parametrize(
    "state, code", [("57014", "TIMEOUT"), ("40P01", "CONFLICT"), ("55P03", "CONFLICT"), ("08006", "INTERNAL")]
)
def test_what_the_database_says_has_a_code(failing, ask, state, code):
    cause = type("Cause", (Exception,), {"sqlstate": state})()
    error = OperationalError("canceling statement due to statement timeout: SELECT secret")
    error.__cause__ = cause
    failing(error)
    asked = ask("{ authorTotals { books } }")
    assert asked.codes == [code]
    assert "secret" not in str(asked.body)


@pytest.mark.parametrize("place, name", [(plan.Columns, "read"), (sent, "run")])
def test_a_slow_statement_is_a_timeout(library, ask, monkeypatch, place, name):
    def slow(*_):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(1)")

    text = "{ authors { nodes { name } } }"
    ask(text)
    monkeypatch.setattr(place, name, slow)
    with by_plan() if place is plan.Columns else nullcontext(), transaction.atomic():  # allow bare-atomic: undoes SET LOCAL
        asked = ask(text)
        transaction.set_rollback(True)
    assert asked.body["data"] == {"authors": None}
    assert [(error["path"], error["extensions"]["code"]) for error in asked.errors] == [(["authors"], "TIMEOUT")]
