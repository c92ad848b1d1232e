"""The lines of a file are run one by one in the background, each once, under the rights of whoever asked."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from tessera.audit.models import AuditEntry
from tessera.bulk.models import ResultLines
from tessera.bulk.services import importing
from tessera.bulk.services.running import run_slice
from tessera.bulk.tests.hands import CANCEL, IMPORT, growth, result, run, run_and_kill, start_import, start_import_of, upload
from tessera.files.models import StoredFile
from tessera.files.services import discard_expired
from tessera.files.tests.factories import make_file
from tessera.graph.ids import encode
from tessera.testing.asking import ask, done, refusals
from tessera.unit_of_work import unit_of_work
from tests.samples.library.models import Author


def names(count: int) -> list[dict]:
    return [{"input": {"name": f"Author {number:05}"}} for number in range(count)]


def test_each_line_is_a_mutation_and_has_a_line_in_the_result(inside, small):
    operation = run(start_import(*names(7)))
    assert (operation.state, operation.rows_total, operation.rows_done, operation.rows_failed) == ("done", 7, 7, 0)
    made = {encode("Author", row.pk): row.name for row in Author.objects.all()}
    assert [(row["line"], made[row["node"]["id"]], row["userErrors"]) for row in result(operation)] == [
        (number + 1, f"Author {number:05}", []) for number in range(7)
    ]
    assert AuditEntry.objects.filter(label="library.Author", verb="create").count() == 7


def test_what_is_refused_is_told_at_its_line_and_the_others_are_done(inside, small):
    lines = [
        {"input": {"name": "Eve"}},
        {"input": {"name": "Eve"}},
        {"input": {"name": "Fay", "salary": 1}},
        b"{not json",
        b"[1]",
        {"input": {"name": "a\0b"}},
        b"",
        {"wrong": 1},
        {"input": {"name": "x" * 2_000_000}},
        {"input": {"name": "Gil"}},
    ]
    operation = run(start_import(*lines))
    rows = result(operation)
    assert (operation.state, operation.rows_total, operation.rows_done, operation.rows_failed) == ("done", 10, 10, 8)
    assert [row["line"] for row in rows] == list(range(1, 11))
    assert rows[1] == {"line": 2, "node": None, "userErrors": [rows[1]["userErrors"][0]]}
    assert (rows[1]["userErrors"][0]["field"], rows[1]["userErrors"][0]["code"]) == (["input", "name"], "UNIQUE")
    assert all([each["extensions"]["code"] for each in row["errors"]] == ["BAD_INPUT"] for row in rows[2:9])
    assert "salary" in rows[2]["errors"][0]["message"]
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Eve", "Gil"]


def test_rows_are_changed_and_deleted_by_their_ids(inside, small):
    run(start_import(*names(3)))
    first, second, third = (encode("Author", row.pk) for row in Author.objects.order_by("name"))
    changed = run(
        start_import(
            {"id": first, "version": 1, "input": {"name": "Ann"}},
            {"id": second, "version": 9, "input": {}},
            mutation="authorUpdate",
        )
    )
    assert [[error["code"] for error in row["userErrors"]] for row in result(changed)] == [[], ["CONFLICT"]]
    gone = run(start_import({"id": third}, {"id": third}, mutation="authorDelete"))
    assert [(row["id"], len(row["userErrors"])) for row in result(gone)] == [(third, 0), (None, 1)]
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Ann", "Author 00001"]


@pytest.mark.parametrize("mutation", ["authorBulkCreate", "accessTokenIssue", "nothing", "authors", ""])
def test_a_mutation_that_takes_no_line_at_a_time_is_refused(inside, mutation):
    given = {"mutation": mutation, "file": encode("FileUpload", upload({}).pk)}
    assert refusals(IMPORT, input=given) == [("INVALID", "input.mutation")]


def test_the_file_is_one_that_was_uploaded_for_it_and_is_used_once(inside):
    other = encode("FileUpload", make_file(b"{}", "x.jsonl").pk)
    assert refusals(IMPORT, input={"mutation": "authorCreate", "file": other}) == [("INVALID", "input.file")]
    file = encode("FileUpload", upload(*names(1)).pk)
    done(IMPORT, input={"mutation": "authorCreate", "file": file})
    assert refusals(IMPORT, input={"mutation": "authorCreate", "file": file}) == [("IN_USE", "input.file")]


def test_who_may_not_do_it_by_hand_may_not_by_a_file(bob, small):
    given = {"mutation": "authorDelete", "file": encode("FileUpload", upload({}).pk)}
    assert ask(IMPORT, input=given)["errors"][0]["extensions"]["permission"] == "library.author_delete"
    operation = start_import(*names(7))
    assert run_slice(operation.pk)
    del bob.grants["library.author_create"]
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)
    assert (len(result(operation)), Author.objects.count()) == (3, 3)


def test_what_is_done_is_done_in_the_name_of_the_owner(bob, small):
    run(start_import(*names(2)))
    assert set(AuditEntry.objects.filter(label="library.Author").values_list("actor", flat=True)) == {bob.member_id}
    assert set(Author.objects.values_list("owner", flat=True)) == {bob.member_id}


SEAMS = {
    "at a line": "tessera.graph.lines.LineMutation.run",
    "before the lines count": "tessera.bulk.services.leases.Lease.note",
    "after the lines count": "tessera.bulk.services.progress.Progress.go_on",
    "before the bytes are stored": "tessera.bulk.services.running.save_part",
    "after the bytes are stored": "tessera.bulk.services.running.add_part",
    "before the slice is let go": "tessera.bulk.services.running.let_go",
    "before the end": "tessera.bulk.services.running._end",
}


@pytest.mark.parametrize("seam", SEAMS)
def test_no_line_is_done_twice_or_left_out_however_workers_are_killed(inside, small, monkeypatch, seam):
    lines = [*names(10), {"input": {"name": "Author 00003"}}]
    operation = start_import(*lines)
    assert run_and_kill(operation, monkeypatch, SEAMS[seam])
    assert (operation.state, operation.rows_done, operation.rows_failed) == ("done", 11, 1)
    made = {encode("Author", row.pk): row.name for row in Author.objects.all()}
    rows = result(operation)
    assert [(row["line"], made[row["node"]["id"]]) for row in rows[:10]] == [(n + 1, f"Author {n:05}") for n in range(10)]
    assert (rows[10]["line"], rows[10]["userErrors"][0]["code"]) == (11, "UNIQUE")
    assert len(made) == 10
    assert not ResultLines.objects.exists()


def test_a_file_that_expired_under_it_fails_it(inside, small, django_capture_on_commit_callbacks):
    operation = start_import(*names(3))
    with django_capture_on_commit_callbacks(using="default", execute=True), unit_of_work():
        StoredFile.objects.filter(pk=operation.input_file).update(expires_at=timezone.now())
        discard_expired(before=timezone.now() + timedelta(seconds=1))
    run(operation)
    assert (operation.state, operation.error_code) == ("failed", "NOT_FOUND")


def test_it_is_cancelled_between_steps_and_what_was_done_stays(inside, small, monkeypatch, settings):
    settings.TESSERA_BULK_SLICE = 100.0
    operation, steps, step = start_import(*names(10)), [], importing.Import.step

    def stepped(work, progress):
        step(work, progress)
        steps.append(progress.done)
        if len(steps) == 2:
            assert done(CANCEL, id=encode("BulkOperation", operation.pk)) == {"state": "CANCELLING"}

    monkeypatch.setattr(importing.Import, "step", stepped)
    run(operation)
    assert (operation.state, operation.rows_done, steps) == ("cancelled", 6, [3, 6])
    assert (len(result(operation)), Author.objects.count()) == (6, 6)


def test_the_place_in_the_file_moves_with_the_lines(inside, small):
    operation, places = start_import(*names(7)), [0]
    while run_slice(operation.pk):
        operation.refresh_from_db()
        places.append(operation.position)
    assert all(before <= after for before, after in pairwise(places))
    assert places[-1] == StoredFile.objects.get(pk=operation.input_file).size


@pytest.mark.committed
@pytest.mark.safety(soak=True)
def test_memory_does_not_grow_with_the_file(inside, count, settings):
    lines = count("lines", 1_000, 1_000_000)
    settings.TESSERA_STORAGE_BYTES = 1 << 40
    run(start_import(*names(200)))
    body = bytearray()  # grows in one piece, which leaves nothing behind that would be used again unseen
    for number in range(lines):
        body += b'{"input":{"name":"%d"}}\n' % number
    file = make_file(bytes(body), "lines.jsonl", StoredFile.Purpose.BULK)
    del body
    operation = start_import_of(file)
    grown = growth(operation)
    count.note(peak_rss_growth_kib=grown // 1024)
    assert (operation.rows_done, operation.rows_failed) == (lines, 0)
    assert grown < 32 * 1024 * 1024
