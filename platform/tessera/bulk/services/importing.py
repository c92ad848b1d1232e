"""A file whose lines are the arguments of a mutation."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import orjson
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from tessera.bulk.models import BulkOperation, ResultLines
from tessera.bulk.services.leases import Lease, LeaseLost
from tessera.bulk.services.progress import Progress
from tessera.errors import ApiError, Code, Refused
from tessera.files.models import StoredFile
from tessera.files.selectors import paths_of
from tessera.files.storage import CHUNK, open_bytes
from tessera.graph.failures import known
from tessera.graph.lines import Answer, Failed, LineMutation
from tessera.read_only import refuse_while_read_only
from tessera.service import demand
from tessera.unit_of_work import Phase, attempt, defer

AT_A_STEP = 50
LONGEST_STEP = 0.2  # seconds: others may wait for the rows that it has locked
TRIES = 3
LONGEST = 1024 * 1024  # bytes of a line: what a request may have
_log = logging.getLogger(__name__)


class Import:
    """Runs some lines at a step, in one transaction that moves the checkpoint as well: each has its effect once.

    A line that is refused is undone alone. Where the transaction fails as a whole, the lines get one each.
    """

    def __init__(self, row: BulkOperation, lease: Lease) -> None:
        self.lease = lease
        file = StoredFile.objects.filter(pk=row.input_file).first()
        if file is None:
            raise Refused("NOT_FOUND", _("The file with the lines is gone."), "file")
        self.mutation, self.size = LineMutation(row.text), file.size
        self.input = open_bytes(paths_of(file)[0])

    def step(self, progress: Progress) -> None:
        demand(self.mutation.permission)
        refuse_while_read_only()  # the whole stops, not each line: what was done until now counts
        if progress.total is None:
            progress.total = self._count()
        if self._together(progress):
            return
        for _turn in range(AT_A_STEP):
            self._alone(progress)
            if progress.ended:
                return

    def close(self) -> None:
        self.input.close()

    def _together(self, progress: Progress) -> bool:
        """Run lines in one transaction; say whether that went well. A conflict with others who work on the same rows passes."""
        for _turn in range(TRIES):
            try:
                self._run(progress, AT_A_STEP)
                return True
            except (OperationalError, InterfaceError):
                continue
            except LeaseLost:
                raise
            except Exception:  # met again by the line that it comes from, and told there
                _log.warning("lines that fail together are run alone", exc_info=True)
                return False
        return False

    def _alone(self, progress: Progress) -> None:
        """Run one line; what its transaction is refused by, or fails by, is what it answers."""
        failed: Exception | None = None
        for _turn in range(TRIES):
            try:
                return self._run(progress, 1)
            except (OperationalError, InterfaceError) as error:
                if known(error) is None:
                    raise  # the database is gone, or out of room: that says nothing of the line
                failed = error
            except LeaseLost:
                raise
            except Exception as error:
                failed = error
                break
        assert failed
        self._run(progress, 1, self.mutation.failed(failed))

    def _run(self, progress: Progress, most: int, answer: Answer | Failed | None = None) -> None:
        """Run the next lines and move the checkpoint, in one transaction; with an `answer` the line is not run and has that."""
        ahead = replace(progress)

        def work() -> None:
            until, answers = time.monotonic() + LONGEST_STEP, []
            for line, position in self._lines(progress.position):
                answers.append(answer or self._answer(line))
                ahead.position = position
                if len(answers) == most or time.monotonic() > until:
                    break
            self.mutation.settle()
            ahead.ended = ahead.position == self.size
            defer(Phase.RECORD, lambda: self._record(progress, ahead, answers))

        attempt(work)
        progress.go_on(ahead)

    def _record(self, progress: Progress, ahead: Progress, answers: list[Answer | Failed]) -> None:
        rows = self.mutation.shown(answers)
        ahead.done = progress.done + len(rows)
        ahead.failed = progress.failed + sum("errors" in row or bool(row["userErrors"]) for row in rows)
        if rows:
            first = progress.done + 1
            text = b"".join(orjson.dumps({"line": first + place, **row}) + b"\n" for place, row in enumerate(rows))
            ResultLines(operation_id=self.lease.operation, first=first, text=text.decode()).save()
        self.lease.note(ahead)

    def _lines(self, position: int) -> Iterator[tuple[bytes, int]]:
        """Yield the lines from a byte on, each with the byte behind it; of one that is too long only the beginning."""
        self.input.seek(position)
        while line := self.input.readline(LONGEST + 1):
            position += len(line) if len(line) <= LONGEST else self._skip(len(line))
            yield line, position

    def _answer(self, line: bytes) -> Answer | Failed:
        if len(line) > LONGEST:
            return _wrong(_("A line has at most {most} bytes.").format(most=LONGEST))
        try:
            arguments = orjson.loads(line)
        except orjson.JSONDecodeError:
            return _wrong(_("The line is no JSON."))
        if not isinstance(arguments, dict):
            return _wrong(_("A line is a JSON object with the arguments of the mutation."))
        return self.mutation.run(arguments)

    def _skip(self, read: int) -> int:
        """Read on to the end of a line that is too long, and return its length."""
        while not (rest := self.input.readline(CHUNK)).endswith(b"\n"):
            if not rest:
                return read
            read += len(rest)
        return read + len(rest)

    def _count(self) -> int:
        """Return how many lines there are; the last one may lack its end."""
        self.input.seek(0)
        lines, last = 0, b"\n"
        while chunk := self.input.read(CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
        return lines + (last != b"\n")


def _wrong(message: str) -> Failed:
    return Failed.by(ApiError(Code.BAD_INPUT, message))
