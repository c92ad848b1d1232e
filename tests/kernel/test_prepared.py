"""Statements that are prepared once answer as if they were not."""

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from tessera.db.guard.base import NoTenant
from tessera.db.prepared import UNPREPARED, Prepared, run

TEXT = Prepared("SELECT word FROM words WHERE word = $1 AND $2")


def prepared():
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def test_a_statement_is_prepared_when_it_comes_again(inside):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE words (word text)")
        cursor.execute("INSERT INTO words VALUES ('a%s'), ('b')")
    for place in range(UNPREPARED + 2):
        assert run("default", TEXT, ["a%s", True]).fetchall() == [("a%s",)]
        assert (TEXT in prepared()) == (place >= UNPREPARED)
    assert connection.connection.prepare_threshold is None  # what Django sends itself is not counted


def test_no_statement_goes_around_the_guard(tenant):
    with pytest.raises(NoTenant):
        run("default", Prepared("SELECT 1"), [])


def test_a_prepared_statement_is_seen_by_who_counts(inside):
    text = Prepared("SELECT $1::text")
    run("default", text, ["turns to the tenant"])
    with CaptureQueriesContext(connections["default"]) as captured:
        run("default", text, ["100%s"])
    assert [each["sql"] for each in captured.captured_queries] == ["SELECT $1::text"]


@pytest.mark.committed
def test_a_column_that_got_another_type_is_read_on(inside):
    text = Prepared("SELECT number FROM numbers")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE numbers (number integer)")
        cursor.execute("INSERT INTO numbers VALUES (1)")
        for _ in range(UNPREPARED + 2):
            assert run("default", text, []).fetchall() == [(1,)]
        cursor.execute("DO $$ BEGIN ALTER TABLE numbers ALTER number TYPE text; END $$")  # psycopg would notice an ALTER
        assert text in prepared()
        for _ in range(2):
            assert run("default", text, []).fetchall() == [("1",)]
