"""Run one slice of an operation: steps into a file beside, then one transaction that makes them count."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryFile
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import InterfaceError, OperationalError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tessera.bulk.models import BulkOperation, ResultLines
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

SLICE_BYTES = 32 * 1024 * 1024


def run_slice(operation: UUID) -> bool:
    """Work on an operation for a while, from where it stands; say whether there was anything to do.

    A worker that dies, or loses the database, leaves its lease: when that has run out, the next one goes on from the
    last checkpoint.
    """
    if (lease := take_lease(operation)) is None:
        return False
    row = BulkOperation.objects.get(pk=operation)
    try:
        with translation.override(row.language):
            _run(lease, row)
    except LeaseLost:
        pass
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        row.refresh_from_db()
        with TemporaryFile() as file:
            _save(lease, row, Progress.of(row, file), Ending.of_defect())
        raise
    return True


@dataclass(frozen=True)
class Ending:
    """How an operation ends."""

    state: BulkOperation.State
    code: str = ""
    message: str = ""

    @classmethod
    def of(cls, error: ApiError | Refused) -> "Ending":
        """Return the end that an error makes."""
        if isinstance(error, ApiError):
            return cls(State.FAILED, error.code.value, error.message)
        return cls(State.FAILED, error.problems[0].code, error.problems[0].message)

    @classmethod
    def of_defect(cls) -> "Ending":
        """Return the end that anything else makes."""
        return cls(State.FAILED, Code.INTERNAL.value, _("Something went wrong on our side."))


def _run(lease: Lease, row: BulkOperation) -> None:
    with ExitStack() as opened:
        progress = Progress.of(row, opened.enter_context(TemporaryFile()))
        try:
            goes_on = _steps(lease, row, progress, opened)
            ending = Ending(State.CANCELLED) if not goes_on else Ending(State.DONE) if progress.ended else None
        except (ApiError, Refused) as error:
            ending = Ending.of(error)  # what was done before counts
        try:
            _save(lease, row, progress, ending)
        except Refused as refusal:  # the storage is full
            ending = Ending.of(refusal)
            with unit_of_work():
                _end(lease, ending)
    if ending is None:
        let_go(lease)


def _steps(lease: Lease, row: BulkOperation, progress: Progress, opened: ExitStack) -> bool:
    """Do steps until the slice is full or the work has ended, each with the rights of its moment; return False when cancelled."""
    until = time.monotonic() + settings.TESSERA_BULK_SLICE
    work: Work | None = None
    while lease.renew():
        with acting(person_of(row)):
            if work is None:
                work = Export(row) if row.kind == BulkOperation.Kind.EXPORT else Import(row, lease)
                opened.callback(work.close)
            work.step(progress)
        if progress.ended or time.monotonic() >= until or progress.file.tell() >= SLICE_BYTES:
            return True
    return False


def _save(lease: Lease, row: BulkOperation, progress: Progress, ending: Ending | None) -> None:
    """Make what a slice did count: its part of the result, where the next one begins, and the end, in one transaction.

    What its lines answered lies in rows of an import until then. The bytes are stored before: of a worker that dies in
    between they lie where no file names them, and go with the file. Refused is raised where the result cannot take them.
    """
    lines = ResultLines.objects.filter(operation=row)
    for text in lines.order_by("first").values_list("text", flat=True):
        progress.file.write(text.encode())
    part, size = new_id().hex, progress.file.tell()
    assert row.result_file
    if size:
        progress.file.seek(0)
        save_part(file=row.result_file, part=part, content=File(progress.file))
    with unit_of_work():
        lease.note(progress)
        add_part(file=row.result_file, part=part if size else "", size=size, until=timezone.now() + KEPT)
        if ending:
            _end(lease, ending)
        else:
            lines.delete()


def _end(lease: Lease, ending: Ending) -> None:
    row = lease.hold()
    row.state, row.finished_at = ending.state, timezone.now()
    row.error_code, row.error = ending.code, ending.message[:1000]
    row.lease = row.leased_until = None
    row.save()
    ResultLines.objects.filter(operation=row).delete()
