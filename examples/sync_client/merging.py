"""Three versions of a record become one: what both started from, what was written here, and what is there now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clash:
    """A field that was written differently here and there since `base`."""

    field: str
    base: Any
    mine: Any
    theirs: Any


def merge(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Clash]]:
    """Return the edits of `mine` that still stand on top of `theirs`, and the fields that a person has to decide."""
    standing, clashes = {}, []
    for field, value in mine.items():
        if value == theirs[field]:
            continue
        if theirs[field] == base[field]:
            standing[field] = value
        else:
            clashes.append(Clash(field, base[field], value, theirs[field]))
    return standing, clashes
