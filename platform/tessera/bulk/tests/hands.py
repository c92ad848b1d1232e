"""What is done with bulk operations by hand: asked for, run to their end, killed, and read."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tessera.bulk.models import BulkOperation
from tessera.bulk.services.running import run_slice
from tessera.files.models import StoredFile
from tessera.files.selectors import bytes_of
from tessera.files.tests.factories import make_file
from tessera.graph.ids import encode
from tessera.testing.asking import ask, done
from tessera.unit_of_work import unit_of_work
from tests.samples.library.models import Author

EXPORT = """mutation($input: BulkOperationExportInput!) { bulkOperationExport(input: $input) {
    node { id state kind } userErrors { field code } } }"""
IMPORT = """mutation($input: BulkOperationImportInput!) { bulkOperationImport(input: $input) {
    node { id state kind } userErrors { field code } } }"""
CANCEL = "mutation($id: ID!) { bulkOperationCancel(id: $id) { node { state } userErrors { field code } } }"
SHOWN = "{ bulkOperations { nodes { state rowsTotal rowsDone rowsFailed errorCode error resultUrl } } }"
AUTHORS = "{ authors { nodes { id name } } }"
RIGHTS = (
    *(f"bulk.bulk_operation_{verb}" for verb in ("export", "import", "cancel", "view")),
    *("files.file_upload_create", "files.file_upload_view"),
    *("library.author_create", "library.author_view", "library.book_view"),
)


class Killed(BaseException):
    """What stands for a kill: nothing in the product catches it, and nothing is let go of."""


def kill(*_given: Any, **_more: Any) -> None:
    raise Killed


def authors(count: int) -> None:
    """Make so many authors, with names in the order of their keys."""
    with unit_of_work():
        Author.objects.bulk_create(Author(name=f"Author {number:05}") for number in range(count))


def start_export(query: str = AUTHORS, **given: Any) -> BulkOperation:
    """Ask for a list as a file."""
    assert done(EXPORT, input={"query": query} | given) | {"id": 1} == {"id": 1, "state": "WAITING", "kind": "EXPORT"}
    return BulkOperation.objects.latest("id")


def upload(*lines: Any) -> StoredFile:
    """Bring a file of lines: bytes as they are, anything else as JSON."""
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return make_file(body, "lines.jsonl", StoredFile.Purpose.BULK)


def start_import(*lines: Any, mutation: str = "authorCreate") -> BulkOperation:
    """Ask for lines to be run."""
    return start_import_of(upload(*lines), mutation)


def start_import_of(file: StoredFile, mutation: str = "authorCreate") -> BulkOperation:
    """Ask for the lines of a file to be run."""
    given = {"mutation": mutation, "file": encode("FileUpload", file.pk)}
    assert done(IMPORT, input=given) | {"id": 1} == {"id": 1, "state": "WAITING", "kind": "IMPORT"}
    return BulkOperation.objects.latest("id")


def run(operation: BulkOperation) -> BulkOperation:
    """Run slices until there is nothing to do."""
    while run_slice(operation.pk):
        pass
    operation.refresh_from_db()
    return operation


def end_lease(operation: BulkOperation) -> None:
    """Let the time of a lease pass."""
    with unit_of_work():
        past = timezone.now() - timedelta(seconds=1)
        BulkOperation.objects.filter(pk=operation.pk).update_unaudited(leased_until=past)


def run_and_kill(operation: BulkOperation, monkeypatch: pytest.MonkeyPatch, seam: str) -> int:
    """Run an operation to its end, killing every other worker at a place of its code; return how many died."""
    kills, spared = 0, False
    for _turn in range(200):
        with monkeypatch.context() as killing:
            if not spared:
                killing.setattr(seam, kill)
            try:
                more, spared = run_slice(operation.pk), False
            except Killed:
                kills, more, spared = kills + 1, True, True
                assert run_slice(operation.pk) is False  # it is held until the lease runs out
                end_lease(operation)
        if not more:
            break
    operation.refresh_from_db()
    return kills


def highest_mark() -> int:
    """Return how many bytes this process has used at most, as Linux tells."""
    (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(line) * 1024


def growth(operation: BulkOperation) -> int:
    """Run an operation; return by how many bytes the process grew meanwhile, at most."""
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark is set back to what is used now
    before = highest_mark()
    run(operation)
    assert operation.state == "done"
    return highest_mark() - before


def result(operation: BulkOperation) -> list[dict[str, Any]]:
    """Return the rows of a result."""
    return [json.loads(line) for line in b"".join(bytes_of(StoredFile.objects.get(pk=operation.result_file))).splitlines()]


def shown() -> dict[str, Any]:
    """Return the only operation as the API shows it."""
    (node,) = ask(SHOWN)["data"]["bulkOperations"]["nodes"]
    return node
