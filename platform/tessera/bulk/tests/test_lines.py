"""Lines are run together, and whatever becomes of one of them or of their transaction, each has its effect once."""

import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext
from psycopg.errors import AdminShutdown, DeadlockDetected

from modules.base.models import Party
from tessera.audit.models import AuditEntry
from tessera.bulk.models import BulkOperation, ResultLines
from tessera.bulk.services import importing, leases
from tessera.bulk.services.running import run_slice
from tessera.bulk.tests.hands import end_lease, result, run, start_import
from tessera.errors import Refused
from tessera.gates import GATES, Answer, gate
from tessera.graph.ids import encode
from tessera.graph.lines import LineMutation
from tessera.graph.schemas import schema_for
from tessera.unit_of_work import _finishers, finisher, unit_of_work
from tests.samples.library.models import Author, Book


def lines(*names):
    return [{"input": {"name": name}} for name in names]


def codes(operation):
    """Return what each line was refused or failed by, "" for one that was done."""
    found = []
    for row in result(operation):
        wrong = [each["code"] for each in row.get("userErrors", ())] + [
            each["extensions"]["code"] for each in row.get("errors", ())
        ]
        found.append(wrong[0] if wrong else "")
    return found


def raised(kind):
    """Return an exception of the database as Django raises it."""
    error = OperationalError("no")
    error.__cause__ = kind("no")
    return error


@pytest.fixture
def planted(monkeypatch):
    """Return a function that lets a line of a name meet exceptions, one at each try."""

    def plant(name, *errors):
        left, run_line = list(errors), LineMutation.run

        def run(mutation, arguments):
            made = run_line(mutation, arguments)
            if arguments["input"]["name"] == name and left:
                raise left.pop(0)
            return made

        monkeypatch.setattr(LineMutation, "run", run)
        return left

    return plant


def test_lines_that_are_run_together_cost_a_statement_each(inside):
    run(start_import(*lines("warm")))
    captured = {}
    for many in (10, 20):
        operation = start_import(*lines(*(f"{many} {number}" for number in range(many))))
        with CaptureQueriesContext(connections["default"]) as found:
            assert run_slice(operation.pk)
        captured[many] = len(found)
    assert captured[20] - captured[10] == 10


def test_lines_take_their_numbers_together_and_in_their_order(inside):
    operation = start_import(*lines("c", "a", "b"), mutation="partyCreate")
    with CaptureQueriesContext(connections["default"]) as found:
        run(operation)
    assert sum("INTO numbering_numberseries" in each["sql"] for each in found.captured_queries) == 1
    assert [Party.objects.get(code=f"P0000{number}").name for number in (1, 2, 3)] == ["c", "a", "b"]


def test_how_far_it_is_shows_with_each_step(inside, small, monkeypatch, settings):
    settings.TESSERA_BULK_SLICE = 100.0
    operation, step, seen = start_import(*lines("a", "b", "b", "c", "d")), importing.Import.step, []

    def stepped(work, progress):
        step(work, progress)
        seen.append(BulkOperation.objects.values_list("rows_done", "rows_failed", "rows_total").get(pk=operation.pk))

    monkeypatch.setattr(importing.Import, "step", stepped)
    run(operation)
    assert seen == [(3, 1, 5), (5, 1, 5)]


def test_a_step_ends_before_others_wait_for_long(inside, monkeypatch, settings):
    settings.TESSERA_BULK_SLICE = 0.0
    monkeypatch.setattr(importing, "LONGEST_STEP", 0.0)
    operation = start_import(*lines("a", "b"))
    assert run_slice(operation.pk)
    operation.refresh_from_db()
    assert operation.rows_done == 1
    assert run(operation).state == "done"


def test_a_conflict_with_others_passes(inside, planted):
    left = planted("b", raised(DeadlockDetected))
    operation = run(start_import(*lines("a", "b", "c")))
    assert (operation.state, codes(operation), left) == ("done", ["", "", ""], [])
    assert sorted(Author.objects.values_list("name", flat=True)) == ["a", "b", "c"]


def test_a_conflict_that_lasts_is_told_at_its_line_alone(inside, planted):
    planted("b", *[raised(DeadlockDetected)] * 2 * importing.TRIES)
    operation = run(start_import(*lines("a", "b", "c")))
    assert (operation.state, codes(operation), operation.rows_failed) == ("done", ["", "CONFLICT", ""], 1)
    assert sorted(Author.objects.values_list("name", flat=True)) == ["a", "c"]


@pytest.mark.parametrize(("error", "code"), [(Refused("STATE", "no"), "STATE"), (ZeroDivisionError(), "INTERNAL")])
def test_what_ends_their_transaction_is_told_at_the_line_that_it_comes_from(inside, error, code):
    def end(unit):
        if Author.objects.filter(name="b").exists():
            raise error

    registered = finisher(end, first=True)
    try:
        operation = run(start_import(*lines("a", "b", "c")))
    finally:
        _finishers.remove(registered)
    assert (operation.state, codes(operation)) == ("done", ["", code, ""])
    assert sorted(Author.objects.values_list("name", flat=True)) == ["a", "c"]
    assert AuditEntry.objects.filter(label="library.Author").count() == 2


def test_a_line_that_changes_what_waits_for_approval_says_so(inside):
    with unit_of_work():
        author = Author(name="Ann")
        author.save()
        books = [Book(author=author, title=title) for title in ("Alpha", "Beta")]
        for book in books:
            book.save()
    held = {Answer.HELD: "Beta"}
    registered = gate(
        ask=lambda transition: Answer.HELD if transition.document.title == held[Answer.HELD] else Answer.NOT_CONCERNED,
        hold=lambda hold, transition: None,
    )
    try:
        operation = run(
            start_import(*({"id": encode("Book", book.pk), "input": {"pages": 5}} for book in books), mutation="bookPrint")
        )
    finally:
        GATES.remove(registered)
    assert [row["hold"] and row["hold"]["state"] for row in result(operation)] == [None, "WAITING"]
    assert dict(Book.objects.values_list("title", "state")) == {"Alpha": "printed", "Beta": "draft"}


def test_what_talks_to_others_takes_no_line_at_a_time(inside):
    with pytest.raises(Refused) as refusal:
        LineMutation("billingCheckoutChosen")
    assert refusal.value.problems[0].field == ("mutation",)


def test_what_asks_for_no_right_takes_no_line_at_a_time(inside):
    fields = schema_for(inside.modules).mutation_type.fields
    public = [name for name, field in fields.items() if not field.extensions.get("permission") and "idempotencyKey" in field.args]
    assert public
    for name in public:
        with pytest.raises(Refused):
            LineMutation(name)


def test_a_worker_that_wakes_up_late_does_no_line_again(inside, small, monkeypatch):
    operation, note = start_import(*lines("a", "b", "c", "d")), leases.Lease.note

    def overtaken(lease, progress):
        monkeypatch.setattr(leases.Lease, "note", note)
        BulkOperation.objects.filter(pk=operation.pk).update_unaudited(lease=None)  # somebody else took it over meanwhile
        note(lease, progress)

    monkeypatch.setattr(leases.Lease, "note", overtaken)
    assert run_slice(operation.pk)
    operation.refresh_from_db()
    assert (operation.rows_done, Author.objects.count(), ResultLines.objects.count()) == (0, 0, 0)
    end_lease(operation)
    assert (run(operation).state, codes(operation), Author.objects.count()) == ("done", [""] * 4, 4)


def test_a_worker_that_loses_the_database_leaves_the_rest_to_the_next(inside, small, planted, settings):
    settings.TESSERA_BULK_SLICE = 100.0
    operation = start_import(*lines("a", "b", "c", "d", "e"))
    planted("d", *[raised(AdminShutdown)] * (importing.TRIES + 1))
    with pytest.raises(OperationalError):
        run_slice(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.rows_done) == ("running", 3)
    end_lease(operation)
    assert (run(operation).state, codes(operation), Author.objects.count()) == ("done", [""] * 5, 5)


def test_a_defect_ends_it_with_what_was_done(inside, small, monkeypatch, settings):
    settings.TESSERA_BULK_SLICE = 100.0
    operation, step = start_import(*lines("a", "b", "c", "d")), importing.Import.step

    def stepped(work, progress):
        assert not progress.done, "a defect"
        step(work, progress)

    monkeypatch.setattr(importing.Import, "step", stepped)
    with pytest.raises(AssertionError, match="a defect"):
        run_slice(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "INTERNAL", 3)
    assert (codes(operation), ResultLines.objects.count()) == ([""] * 3, 0)
