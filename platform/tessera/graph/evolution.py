"""What a change of the schema does to the apps that were built before it.

The schema of the last release is kept; whatever would break an app built from it has to be told in
`changes/`, in a line that begins `- Breaking:` and names the place, as in

    - Breaking: `Party.code` was removed; ask for `number`.

What the accounts host offers is told with that host before the place: `accounts.Query.plans`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from graphql import BreakingChange, BreakingChangeType, build_schema, find_breaking_changes

# Where graphql-core does not begin with the place: its words, and the place made of them.
PLACES = {
    BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED: (r"A required field (\w+) on input type (\w+) was added", r"\2.\1"),
    BreakingChangeType.REQUIRED_ARG_ADDED: (r"A required arg (\w+) on ([\w.]+) was added", r"\2(\1)"),
    BreakingChangeType.ARG_REMOVED: (r"([\w.]+) arg (\w+) was removed", r"\1(\2)"),
    BreakingChangeType.ARG_CHANGED_KIND: (r"([\w.]+) arg (\w+) has changed type", r"\1(\2)"),
    BreakingChangeType.VALUE_REMOVED_FROM_ENUM: (r"(\w+) was removed from enum type (\w+)", r"\2.\1"),
}
TOLD = re.compile(r"^- Breaking: .*$", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Broken:
    """A place that apps may use (`Party.code`, `Query.parties(first)`, `Direction.ASC`), and what happened to it."""

    place: str
    text: str

    def at(self, host: str) -> "Broken":
        """Return the same with the host before its place."""
        return replace(self, place=f"{host}.{self.place}")


def broken_by(before: str, after: str) -> list[Broken]:
    """Return what breaks for apps built from the schema `before`, both as text, in the order of their places."""
    found = find_breaking_changes(build_schema(before, assume_valid=True), build_schema(after, assume_valid=True))
    return sorted((Broken(_place(change), change.description) for change in found), key=lambda each: each.place)


def _place(change: BreakingChange) -> str:
    if change.type in PLACES:
        pattern, place = PLACES[change.type]
        if found := re.match(pattern, change.description):
            return found.expand(place)
    return change.description.split()[0].rstrip(".")


def untold(changes: Iterable[Broken], fragments: Iterable[str]) -> list[Broken]:
    """Return the changes that no line of the change fragments names as breaking."""
    told = {place for text in fragments for line in TOLD.findall(text) for place in NAMED.findall(line)}
    return [change for change in changes if change.place not in told]
