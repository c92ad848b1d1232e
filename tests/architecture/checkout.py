"""The files of the checkout, as a clean clone has them."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tessera.testing.plugin import ROOT

NOT_OURS = {".git", ".venv", ".data", "__pycache__", "node_modules", "dist", "build", ".hypothesis", "static"}
MADE = (".pyc", ".mo", ".egg-info", "_cache")


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is committed, or would be, by its path below the root."""
    return tuple(sorted(path.relative_to(ROOT) for path in _walk()))


def _walk() -> Iterator[Path]:
    for folder, names, inside in os.walk(ROOT):
        names[:] = [name for name in names if name not in NOT_OURS and not name.endswith(MADE)]
        yield from (Path(folder) / name for name in inside if not name.endswith(MADE) and name != ".git")


def python_files() -> list[Path]:
    """Return the Python files that people write."""
    return [path for path in files() if path.suffix == ".py" and "migrations" not in path.parts]
