"""A question that is sent ahead is answered to whoever waits for it, and to others who asked the same before it was sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

import pytest
from django.db import DataError, connections, transaction
from django.test.utils import CaptureQueriesContext
from tessera.db import ahead
from tessera.db.prepared import Prepared, Told
from tessera.fields import new_id

pytestmark = pytest.mark.usefixtures("tenant")
X = Told(Prepared("(SELECT $1::text)"), ["x"], b"x")


@pytest.fixture(autouse=True)
def slow(monkeypatch):
    """Let what was asked just now be so for as long as a test takes."""
    monkeypatch.setattr(ahead, "JUST_NOW", 60.0)


def unheard():
    """Return a question that nobody asked yet."""
    return Told(X.text, [new_id().hex], b"")


@pytest.mark.committed
def test_a_statement_that_the_connection_forgot_is_prepared_again():
    for forget in (False, False, True):
        if forget:
            connections["shared"].cursor().execute("DEALLOCATE ALL")
        with ahead.asked_again(X) as is_same:
            assert is_same()
    with ahead.asked_again(replace(X, answer=b"y")) as is_same:
        assert not is_same()


def test_what_goes_wrong_is_raised_and_leaves_the_connection_free():
    broken = Told(Prepared("(SELECT 1 / ($1::text)::integer)"), ["0"], b"")
    with transaction.atomic("shared"):  # allow bare-atomic: undoes what is aborted
        with pytest.raises(DataError), ahead.asked_again(broken) as is_same:
            is_same()
        transaction.set_rollback(True, "shared")
    with ahead.asked_again(X) as is_same:
        assert is_same()


@pytest.mark.committed
def test_who_asks_while_the_same_is_under_way_asks_nothing():
    what = unheard()
    before = monotonic()
    with ahead.asked_again(what) as first, CaptureQueriesContext(connections["shared"]) as captured:
        with ahead.asked_again(what, before) as second:
            assert not second()
        assert not first()
    assert not captured.captured_queries


@pytest.mark.committed
def test_an_answer_from_before_one_began_is_worth_nothing():
    what = unheard()

    def later():
        with ahead.asked_again(what, monotonic()) as is_same, CaptureQueriesContext(connections["shared"]) as captured:
            is_same()
        connections.close_all()
        return len(captured)

    with ahead.asked_again(what) as first, ThreadPoolExecutor(1) as pool:
        assert pool.submit(later).result() == 1
        first()
    with CaptureQueriesContext(connections["shared"]) as captured, ahead.asked_again(what, monotonic()) as is_same:
        is_same()
    assert len(captured) == 1


@pytest.mark.committed
def test_what_was_asked_a_while_ago_is_not_waited_for(monkeypatch):
    """Others ask before the answer is wanted only where many come at once."""
    monkeypatch.setattr(ahead, "JUST_NOW", -1.0)
    what = unheard()

    def later():
        with CaptureQueriesContext(connections["shared"]) as captured, ahead.asked_again(what, 0.0):
            pass
        connections.close_all()
        return len(captured)

    with ahead.asked_again(what), ThreadPoolExecutor(1) as pool:
        assert pool.submit(later).result() == 1


@pytest.mark.committed
def test_whoever_comes_first_receives_the_answer_for_all():
    what = replace(unheard(), answer=b"y")
    what = replace(what, parameters=["y", *what.parameters], text=Prepared("(SELECT $1::text || left($2::text, 0))"))
    began, start = monotonic(), threading.Barrier(4)

    def wait():
        with ahead.asked_again(what, began) as is_same:
            start.wait()
            return is_same()

    with ahead.asked_again(what) as first, ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(wait) for _ in range(3)]
        start.wait()
        assert [each.result() for each in waiting] == [True] * 3
        assert first()
        assert connections["shared"].connection.pgconn.transaction_status == ahead.pq.TransactionStatus.IDLE


@pytest.mark.committed
def test_who_finds_that_another_has_failed_asks_anew():
    what = unheard()
    before = monotonic()

    def another():
        with ahead.asked_again(what, before) as is_same:
            ahead._latest[what.text, *what.parameters]._error = DataError("planted")
            told = is_same()
        connections.close_all()
        return told

    with ahead.asked_again(what) as first, ThreadPoolExecutor(1) as pool:
        assert pool.submit(another).result() is False
        with pytest.raises(DataError):
            first()
    connections["shared"].close()  # nobody received its answer


def test_what_an_open_transaction_sees_is_told_to_nobody_else():
    what = unheard()
    with transaction.atomic("shared"), ahead.asked_again(what) as first:  # allow bare-atomic: nothing is written
        first()
    assert (what.text, *what.parameters) not in ahead._latest
