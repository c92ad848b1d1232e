"""One worker at a time works on an operation, and another goes on from where it died; few run at once."""

import pytest

from tessera.bulk import tasks
from tessera.bulk.services import leases, running
from tessera.bulk.services.leases import send_for
from tessera.bulk.services.running import run_slice
from tessera.bulk.tests.hands import AUTHORS, CANCEL, EXPORT, authors, end_lease, result, run, run_and_kill, start_export
from tessera.files.models import StorageUse, StoredFile
from tessera.graph.ids import encode
from tessera.testing.asking import done, refusals
from tessera.unit_of_work import unit_of_work


def test_it_is_cancelled_before_it_runs_or_after_its_page(inside, small, monkeypatch, settings):
    authors(10)
    operation = start_export()
    id = encode("BulkOperation", operation.pk)
    assert done(CANCEL, id=id) == {"state": "CANCELLED"}
    assert refusals(CANCEL, id=id) == [("STATE", "state")]
    assert run(operation).rows_done == 0

    settings.TESSERA_BULK_SLICE = 100.0
    operation = start_export()
    id, renewals, renew = encode("BulkOperation", operation.pk), [], leases.Lease.renew

    def renewed(lease):
        renewals.append(1)
        if len(renewals) == 3:
            assert done(CANCEL, id=id) == {"state": "CANCELLING"}
        return renew(lease)

    monkeypatch.setattr(leases.Lease, "renew", renewed)
    run(operation)
    assert (operation.state, operation.rows_done, len(renewals)) == ("cancelled", 6, 3)
    assert len(result(operation)) == 6


SEAMS = {
    "after the lease": "tessera.bulk.services.running.person_of",
    "before the bytes are stored": "tessera.bulk.services.running.save_part",
    "after the bytes are stored": "tessera.bulk.services.running.add_part",
    "before the slice is let go": "tessera.bulk.services.running.let_go",
    "before the end": "tessera.bulk.services.running._end",
}


@pytest.mark.parametrize("seam", SEAMS)
def test_whoever_takes_over_from_a_killed_worker_does_no_row_twice_and_leaves_none_out(inside, small, monkeypatch, seam):
    authors(10)
    operation = start_export()
    assert run_and_kill(operation, monkeypatch, SEAMS[seam])
    assert (operation.state, operation.rows_done) == ("done", 10)
    assert [row["name"] for row in result(operation)] == [f"Author {number:05}" for number in range(9, -1, -1)]
    assert StorageUse.objects.get().bytes == StoredFile.objects.get().size


def test_a_worker_that_wakes_up_late_changes_nothing(inside, small, monkeypatch):
    authors(10)
    operation, save = start_export(), running._save

    def overtaken(lease, row, progress, ending):
        monkeypatch.setattr(running, "_save", save)
        end_lease(operation)
        assert run_slice(operation.pk)  # somebody else does this page, and the next worker the rest
        return save(lease, row, progress, ending)

    monkeypatch.setattr(running, "_save", overtaken)
    run(operation)
    assert (operation.state, operation.rows_done, len(result(operation))) == ("done", 10, 10)


def test_only_so_many_run_and_wait_at_once(inside, small, settings):
    settings.TESSERA_BULK = {"at_once": 2, "unfinished": 4}
    authors(4)
    first, second, third, fourth = (start_export() for _ in range(4))
    assert [each[0] for each in refusals(EXPORT, input={"query": AUTHORS})] == ["LIMIT"]
    with unit_of_work():
        assert send_for() == [first.pk, second.pk]
        assert send_for() == []
    one, two = leases.take_lease(first.pk), leases.take_lease(second.pk)
    assert one and two and leases.take_lease(third.pk) is None and leases.take_lease(first.pk) is None
    leases.let_go(one)
    with unit_of_work():
        assert send_for() == [first.pk]
    assert run(first).state == "done"
    with unit_of_work():
        assert send_for() == [third.pk]
    assert run(third).state == run(fourth).state == "done"


def test_the_task_sends_for_what_is_next(inside, small, monkeypatch):

    sent: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, **given: sent.append(given["operation"]))
    authors(4)
    operation = start_export()
    tasks.start_operations.run()
    while sent:
        tasks.run_operation.run(operation=sent.pop())
    operation.refresh_from_db()
    assert (operation.state, operation.rows_done) == ("done", 4)


def test_a_defect_fails_it_without_telling_why(inside, small, monkeypatch):
    authors(4)
    operation = start_export()
    monkeypatch.setattr("tessera.bulk.services.exporting.PagedQuery.page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_slice(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.error_code) == ("failed", "INTERNAL")
    assert "division" not in operation.error


def test_a_result_that_the_storage_cannot_take_fails_it(inside, small, settings):
    authors(10)
    operation = start_export()
    assert run_slice(operation.pk)
    settings.TESSERA_QUOTAS, settings.TESSERA_STORAGE_BYTES = "", StorageUse.objects.get().bytes + 10
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "QUOTA", 3)
    assert len(result(operation)) == 3
