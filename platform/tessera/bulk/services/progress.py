"""How far an operation has come, and what a slice of it adds."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import IO, Any, Protocol

import orjson

from tessera.bulk.models import BulkOperation

KEPT = timedelta(days=7)  # results, and inputs with them


@dataclass
class Progress:
    """The checkpoint as it will be, and in `file` what is added to the result by then."""

    cursor: str
    position: int
    done: int
    failed: int
    total: int | None
    file: IO[bytes]
    ended: bool = False

    @classmethod
    def of(cls, row: BulkOperation, file: IO[bytes]) -> "Progress":
        """Return the progress of an operation as its last checkpoint left it."""
        return cls(row.cursor, row.position, row.rows_done, row.rows_failed, row.rows_total, file)

    def go_on(self, ahead: "Progress") -> None:
        """Be where another one is."""
        for each in fields(self):
            setattr(self, each.name, getattr(ahead, each.name))

    def write(self, row: Any) -> None:
        """Add one row to the result."""
        self.file.write(orjson.dumps(row))
        self.file.write(b"\n")


class Work(Protocol):
    """What is done for an operation: a step is a page, or some lines, and moves the progress."""

    def step(self, progress: Progress) -> None:
        """Do one step as the actor in force."""

    def close(self) -> None:
        """Let go of what was opened."""
