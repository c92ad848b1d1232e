"""Run one slice of an operation: steps into a file beside, then one transaction that makes them count."""

import time
from contextlib import ExitStack
from datetime import timedelta
from tempfile import TemporaryFile
from uuid import UUID

from django.core.files import File
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tessera.bulk.models import BulkOperation
from tessera.bulk.selectors import person_of
from tessera.bulk.services.exporting import Export
from tessera.bulk.services.importing import Import
from tessera.bulk.services.leases import Lease, LeaseLost, State, let_go, take_lease
from tessera.bulk.services.progress import KEPT, Progress, Work
from tessera.context import acting
from tessera.errors import ApiError, Code, Refused
from tessera.fields import new_id
from tessera.files.services import add_part, save_part
from tessera.unit_of_work import unit_of_work

SLICE_SECONDS = 15.0
SLICE_BYTES = 32 * 1024 * 1024
STOOD_STILL = timedelta(days=1)  # well within what idempotency keys are kept for: later, a line might be done twice


def run_slice(operation: UUID) -> bool:
    """Work on an operation for a while, from where it stands; say whether there was anything to do.

    A worker that dies leaves its lease: when that has run out, the next one goes on from the last checkpoint.
    """
    if (lease := take_lease(operation)) is None:
        return False
    row = BulkOperation.objects.get(pk=operation)
    try:
        with translation.override(row.language):
            _run(lease, row)
    except LeaseLost:
        pass
    except Exception:
        _end(lease, State.FAILED, Code.INTERNAL.value, _("Something went wrong on our side."))
        raise
    return True


def _run(lease: Lease, row: BulkOperation) -> None:
    with ExitStack() as opened:
        progress = Progress.of(row, opened.enter_context(TemporaryFile()))
        try:
            goes_on = _steps(lease, row, progress, opened)
        except (ApiError, Refused) as error:
            _save(lease, row, progress)
            _end(lease, State.FAILED, *_told(error))
            return
        if (refused := _save(lease, row, progress)) is not None:
            _end(lease, State.FAILED, *_told(refused))
        elif not goes_on:
            _end(lease, State.CANCELLED)
        elif progress.ended:
            _end(lease, State.DONE)
        else:
            let_go(lease)


def _steps(lease: Lease, row: BulkOperation, progress: Progress, opened: ExitStack) -> bool:
    """Do steps until the slice is full or the work has ended, each with the rights of its moment; return False when cancelled."""
    if row.kind == BulkOperation.Kind.IMPORT and timezone.now() - row.updated_at > STOOD_STILL:
        raise Refused("STATE", _("The operation stood still for more than a day."))
    until = time.monotonic() + SLICE_SECONDS
    work: Work | None = None
    while lease.renew():
        with acting(person_of(row)):
            if work is None:
                work = Export(row) if row.kind == BulkOperation.Kind.EXPORT else Import(row)
                opened.callback(work.close)
            work.step(progress)
        if progress.ended or time.monotonic() >= until or progress.file.tell() >= SLICE_BYTES:
            return True
    return False


def _save(lease: Lease, row: BulkOperation, progress: Progress) -> Refused | None:
    """Make what a slice did count: its part of the result, and where the next one begins, in one transaction.

    The bytes are stored before that; of a worker that dies in between they lie where no file names them, and go with
    the file. Return why the result cannot take them, if it cannot.
    """
    part, size = new_id().hex, progress.file.tell()
    assert row.result_file
    if size:
        progress.file.seek(0)
        save_part(file=row.result_file, part=part, content=File(progress.file))
    try:
        with unit_of_work():
            lease.hold()
            add_part(file=row.result_file, part=part if size else "", size=size, until=timezone.now() + KEPT)
            BulkOperation.objects.filter(pk=row.pk).update_unaudited(
                cursor=progress.cursor,
                position=progress.position,
                rows_done=progress.done,
                rows_failed=progress.failed,
                rows_total=progress.total,
                updated_at=timezone.now(),
            )
    except Refused as refusal:
        return refusal
    return None


def _told(error: ApiError | Refused) -> tuple[str, str]:
    return (error.code.value, error.message) if isinstance(error, ApiError) else (error.problems[0].code, error.problems[0].message)


def _end(lease: Lease, state: BulkOperation.State, code: str = "", message: str = "") -> None:
    with unit_of_work():
        row = lease.hold()
        row.state, row.finished_at = state, timezone.now()
        row.error_code, row.error = code, message[:1000]
        row.lease = row.leased_until = None
        row.save()
