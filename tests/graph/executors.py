"""The executors of a read, each by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tessera.graph.queries import _List, _Row
from tessera.graph.statements import Call


@contextmanager
def by_plan() -> Iterator[None]:
    """Answer by plans alone, as if no statement could be made."""
    with patch.object(Call, "find", lambda *_: None), patch.object(Call, "read", lambda *_: None):
        yield


@contextmanager
def by_statement() -> Iterator[list[str]]:
    """Answer as usual; yield the names of the root fields that a plan had to answer."""
    planned: list[str] = []

    def noting(kind: type) -> Any:
        plain = kind.by_plan

        def by_plan(self: Any, planner: Any) -> Any:
            planned.append(self.name)
            return plain(self, planner)

        return patch.object(kind, "by_plan", by_plan)

    with noting(_List), noting(_Row):
        yield planned
