"""A file whose lines are the arguments of a mutation."""

from typing import Any

import orjson
from django.utils.translation import gettext as _

from tessera.bulk.models import BulkOperation
from tessera.bulk.services.progress import Progress
from tessera.errors import Code, Refused
from tessera.files.models import StoredFile
from tessera.files.selectors import paths_of
from tessera.files.storage import CHUNK, open_bytes
from tessera.graph.lines import LineMutation
from tessera.read_only import refuse_while_read_only
from tessera.service import demand

AT_A_STEP = 25
TRIES = 3
LONGEST = 1024 * 1024  # bytes of a line: what a request may have


class Import:
    """Runs some lines at a step, each for an idempotency key of its own: a line that is run again has no second effect."""

    def __init__(self, row: BulkOperation) -> None:
        self.operation = row.pk
        file = StoredFile.objects.filter(pk=row.input_file).first()
        if file is None:
            raise Refused("NOT_FOUND", _("The file with the lines is gone."), "file")
        self.mutation = LineMutation(row.text)
        self.input = open_bytes(paths_of(file)[0])

    def step(self, progress: Progress) -> None:
        demand(self.mutation.permission)
        refuse_while_read_only()  # the whole stops, not each line: what was done until now counts
        if progress.total is None:
            progress.total = self._count()
        self.input.seek(progress.position)
        for _turn in range(AT_A_STEP):
            line = self.input.readline(LONGEST + 1)
            if not line:
                progress.ended = True
                return
            number = progress.done + 1
            answer = self._run(line, number)
            progress.position += len(line) if len(line) <= LONGEST else self._skip(len(line))
            progress.done = number
            progress.failed += "errors" in answer or bool(answer["userErrors"])
            progress.write({"line": number, **answer})

    def close(self) -> None:
        self.input.close()

    def _run(self, line: bytes, number: int) -> dict[str, Any]:
        if len(line) > LONGEST:
            return _wrong(_("A line has at most {most} bytes.").format(most=LONGEST))
        try:
            arguments = orjson.loads(line)
        except orjson.JSONDecodeError:
            return _wrong(_("The line is no JSON."))
        if not isinstance(arguments, dict):
            return _wrong(_("A line is a JSON object with the arguments of the mutation."))
        for _turn in range(TRIES):
            answer = self.mutation.run(arguments, f"bulk:{self.operation}:{number}")
            if not any(each["extensions"]["code"] == Code.CONFLICT for each in answer.get("errors", ())):
                break  # a conflict with others who work on the same rows passes; one that is refused is no error
        return answer

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


def _wrong(message: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": "BAD_INPUT"}}]}
