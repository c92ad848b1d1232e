"""What an entry of the feed is to one reader now: something new, changed, deleted, out of sight, or nothing.

Each entry is judged by what is so at the time of reading, so the order of entries of two transactions does not matter:
a later one is told later. What the reader sees is told by its key and kind alone. What it does not see (any more) is
told only where the values before the write say that it was in sight then.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from tessera.changes.feed import Entry, later_writes
from tessera.changes.scopes import Reached, drawn_along, keys_along
from tessera.context import Actor, current
from tessera.resource import Resource, resources
from tessera.scope import scoped, visible

MOST_DRAWN = 1_000  # rows of other kinds that the writes of one page may bring into sight or out of it


class ChangeOp(Enum):
    """What to do: read it with what hangs on it, read it, forget it, forget it with what hangs on it."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    REMOVED = "removed"


class TooManyDrawn(Exception):
    """Raised where so much came into sight or out of it that reading everything again is less work."""


@dataclass(frozen=True)
class Told:
    """What one entry is to the reader: an operation on a row of a resource."""

    entry: Entry
    resource: Resource
    key: UUID
    op: ChangeOp


class Judge:
    """Judges the entries of a page for `actor`, who follows kinds of records (`followed`, by the labels of their models)."""

    def __init__(self, followed: dict[str, Resource], actor: Actor) -> None:
        self.followed, self.actor = followed, actor
        self.reached = {label: Reached(resource, actor) for label, resource in followed.items() if not resource.scope.on_record}
        self.hanging = [resource for resource in followed.values() if resource.scope.on_record]
        self.drawn = drawn_along(self.reached.values())
        self.left = MOST_DRAWN
        self._seen: dict[str, dict[UUID, dict[str, str]]] = {}

    @property
    def labels(self) -> set[str]:
        """Return the labels of models whose entries say something to this reader."""
        return {*self.followed, *self.drawn}

    @property
    def personal(self) -> bool:
        """Say whether what is in sight depends on who the reader is, besides its rights."""
        own = [reach.own and not reach.everything for code, reach in self.actor.grants.items() if code.endswith("_view")]
        return any(leg.kind == "own" for each in self.reached.values() if not each.whole for leg, _ in each.legs) or (
            bool(self.hanging) and any(own)
        )

    def judge(self, entries: list[Entry]) -> list[Told]:
        """Return what the entries are, in their order; an entry that a later one of the same page says again is left out."""
        self.left, self._seen = MOST_DRAWN, {}
        self._look(entries)
        told: list[Told] = []
        for entry in entries:
            own = self._own(entry)
            if own:
                told.append(own)
                told.extend(self._hangs_on(entry, own))
            for drawn in self._drawn(entry):
                told.append(drawn)
                told.extend(self._hangs_on(entry, drawn))
        last = {(each.resource.name, each.key, each.op): place for place, each in enumerate(told)}
        return [each for place, each in enumerate(told) if last[each.resource.name, each.key, each.op] == place]

    def _look(self, entries: list[Entry]) -> None:
        """Read what is in sight now of what the entries name: one statement for each kind."""
        named: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.label in self.followed:
                named[entry.label].append(entry)
        for label, found in named.items():
            self._seen[label] = self._in_sight(label, {entry.record for entry in found})
            reached = self.reached.get(label)
            unseen = [entry for entry in found if entry.record not in self._seen[label]]
            if reached and not reached.whole and unseen:
                reached.learn(unseen)
        for label, keys in self._records(named).items():
            self._seen.setdefault(label, {}).update(self._in_sight(label, keys))

    def _records(self, named: dict[str, list[Entry]]) -> dict[str, set[UUID]]:
        """Return the records on which something hung that is not in sight."""
        found: dict[str, set[UUID]] = defaultdict(set)
        for resource in self.hanging:
            for entry in named.get(resource.label, ()):
                if "record" in entry.before and entry.record not in self._seen[resource.label]:
                    found[entry.before["label"]].add(UUID(entry.before["record"]))
        return found

    def _in_sight(self, label: str, keys: set[UUID]) -> dict[UUID, dict[str, str]]:
        """Return the rows with these keys that the reader sees, with the columns that decide it."""
        resource = self.followed.get(label) or _resource_at(label)
        if resource is None:
            return {}
        reached = self.reached.get(label)
        columns = sorted(reached.columns()) if reached and not reached.whole else []
        rows = scoped(resource, self.actor).filter(pk__in=sorted(keys)).values("pk", *columns)
        return {row["pk"]: {name: str(row[name]) for name in columns} for row in rows}

    def _own(self, entry: Entry) -> Told | None:
        resource = self.followed.get(entry.label)
        if resource is None:
            return None
        seen = self._seen[entry.label].get(entry.record)
        if seen is not None:
            new = entry.verb == "create" or (entry.verb == "update" and self._entered(entry, seen))
            return Told(entry, resource, entry.record, ChangeOp.CREATED if new else ChangeOp.UPDATED)
        if entry.verb == "create" or not self._was_in_sight(entry):
            return None
        return Told(entry, resource, entry.record, ChangeOp.DELETED if entry.verb == "delete" else ChangeOp.REMOVED)

    def _entered(self, entry: Entry, seen: dict[str, str]) -> bool:
        reached = self.reached.get(entry.label)
        if reached is None or reached.whole or not (entry.before.keys() & seen.keys()):
            return False
        return not reached.held(entry, seen | entry.before)

    def _was_in_sight(self, entry: Entry) -> bool:
        reached = self.reached.get(entry.label)
        if reached is None:
            return self._record_in_sight(entry)
        if reached.whole:  # a row that is not there and was not deleted by this entry: a later one deletes it
            return entry.verb == "delete"
        return reached.held(entry)

    def _record_in_sight(self, entry: Entry) -> bool:
        """Say whether what hung on a record was in sight: whoever sees the record, and did so then, saw it."""
        if entry.verb != "delete":
            return False
        label = entry.before["label"]
        resource = _resource_at(label)
        if resource is None:
            return False
        if visible(resource, self.actor) is None:
            return True
        record = UUID(entry.before["record"])
        return record in self._seen.get(label, {}) and Reached(resource, self.actor).held_still(entry.place, record)

    def _drawn(self, entry: Entry) -> Iterator[Told]:
        """Yield the rows of other kinds that a write has brought into sight or out of it, along the ways to them."""
        for leg, wanted in self.drawn.get(entry.label, ()):
            if entry.verb != "update" and leg.hops[-1].concrete:
                continue  # what points to it is made after it and gone before it, and has entries of its own
            was, now = (str(values.get(leg.column)) in wanted for values in (entry.before, entry.after))
            if was == now:
                continue
            gone = entry.before if entry.verb == "delete" else None
            keys = keys_along(leg, entry.record, gone, self.left + 1)
            yield from self._crossed(entry, leg.resource, keys, was, leg.key)

    def _hangs_on(self, entry: Entry, told: Told) -> Iterator[Told]:
        """Yield what hangs on a record that has come into sight or left it, but not on one that is new or deleted."""
        if told.op not in (ChangeOp.CREATED, ChangeOp.REMOVED) or (entry.verb == "create" and told.key == entry.record):
            return
        for resource in self.hanging:
            rows = resource.model._default_manager.filter(label=told.resource.label, record=told.key).order_by("pk")
            keys = list(rows.values_list("pk", flat=True)[: self.left + 1])
            yield from self._crossed(entry, resource, keys, told.op is ChangeOp.REMOVED, "record")

    def _crossed(self, entry: Entry, resource: Resource, keys: list[UUID], was: bool, key: str) -> Iterator[Told]:
        """Yield those rows that crossed the border, out of sight if they `was` in it; not what came there later by its column `key`."""
        self.left -= len(keys)
        if self.left < 0:
            raise TooManyDrawn
        if not keys:
            return
        seen = set(scoped(resource, self.actor).filter(pk__in=keys).values_list("pk", flat=True))
        crossed = [each for each in keys if was != (each in seen)]
        later = later_writes(entry.place, resource.label, crossed, key) if was else {}
        for each in crossed:
            if each not in later:
                yield Told(entry, resource, each, ChangeOp.REMOVED if was else ChangeOp.CREATED)


def _resource_at(label: str) -> Resource | None:
    """Return the kind of record that a label stands for, if it exists here."""
    return next((found for found in resources(current().modules) if found.label == label), None)
