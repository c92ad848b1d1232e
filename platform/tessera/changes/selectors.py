"""Ask what changed since a cursor, under the rights of now."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from tessera.changes.cursor import START, Cursor, Place, kinds_digest, read_cursor, rights_by_module
from tessera.changes.feed import Entry, Slice, read_feed
from tessera.changes.judging import ChangeOp, Judge, Told, TooManyDrawn
from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.ids import Id, encode
from tessera.module import modules
from tessera.resource import RESOURCES
from tessera.scope import may_view

MOST = 250
PURGED = "installation.InstalledModule"  # of a module that was taken out for good this row is deleted


@dataclass(frozen=True)
class Change:
    """A record that changed: its type and id, what to do about it, and the cursor to go on from behind it."""

    type: str
    id: Id
    op: ChangeOp
    cursor: str


@dataclass(frozen=True)
class Changes:
    """The next changes, oldest first, and where they lead.

    `cursor` is what to ask with next; `has_more` says that there may be more already. `types` are the types that are followed
    here. Where `resync_required`, this cursor leads nowhere: read everything again, then go on from the new `cursor`. That is
    so after a restore (then `epoch` is another one), when the reader's rights changed, and for a cursor that is too old.
    """

    items: list[Change]
    cursor: str
    has_more: bool
    epoch: str
    resync_required: bool
    types: list[str]


def changes(*, since: str | None = None, types: list[str] | None = None, first: int = 50) -> Changes:
    """What changed since a cursor, in the types that exist here and that you may view (all, unless some are named).

    Without a cursor nothing is told: go on from the `cursor` of the answer, once everything was read.
    """
    if not 1 <= first <= MOST:
        raise ApiError(Code.BAD_INPUT, f"A page has 1 to {MOST} changes.", field=["first"])
    return Reading(types).read(since, first)


@dataclass(frozen=True)
class Step:
    """What a reader is told next, and where that leads; `cursor` is None where everything has to be read again."""

    items: list[Change]
    cursor: Cursor | None
    more: bool = False


class Reading:
    """What the actor of now follows: kinds of records by name, all that there are by default."""

    def __init__(self, types: list[str] | None) -> None:
        here = current()
        asked = [each for each in RESOURCES.values() if each.model.audited and (types is None or each.name in types)]
        known = modules()
        self.off = {each.label: each.module for each in asked if each.module in known and each.module not in here.modules}
        self.followed = {each.label: each for each in asked if each.label not in self.off and may_view(each)}
        self.kinds = kinds_digest(types)
        self.rights = rights_by_module(here.actor)
        self.judge = Judge(self.followed, here.actor)

    @property
    def types(self) -> list[str]:
        return sorted(resource.name for resource in self.followed.values())

    @property
    def labels(self) -> set[str]:
        """Return the labels of models whose entries say something to this reader."""
        return {*self.judge.labels, *self.off, PURGED}

    def start(self, found: Slice) -> Cursor:
        """Return the cursor from which everything later than a slice was read is told."""
        return Cursor(epoch=found.epoch, since=_now(), seen=found.seen, kinds=self.kinds, rights=self.rights)

    def read(self, since: str | None, most: int) -> Changes:
        """Return the next changes after a cursor."""
        cursor = None if since is None else read_cursor(since)
        found = read_feed(cursor, self.labels, most + 1)
        start = self.start(found)
        if cursor is None:
            return self._answer(Step([], start), start)
        step = self.step(cursor, found, most)
        return self._answer(step, start)

    def step(self, cursor: Cursor, found: Slice, most: int, told: list[Told] | None = None) -> Step:
        """Return what the first `most` entries of a slice after the cursor are; `told` where they were judged already."""
        page = found.entries[:most]
        going = self._going_on(cursor, found.seen, page)
        if self._is_stale(cursor, found.epoch) or current().modules.intersection(going.missed):
            return Step([], None)
        try:
            items = _items(self.judge.judge(page) if told is None else told, page, going)
        except TooManyDrawn:
            return Step([], None)
        if len(found.entries) > most:
            return Step(items, replace(going, at=page[-1].place), more=True)
        done = replace(going, seen=going.upto, upto="", at=START, since=cursor.since if cursor.upto else _now())
        # What was committed since an earlier snapshot that is told now may be there: whoever asks again finds out.
        return Step(items, done, more=bool(cursor.upto))

    def _is_stale(self, cursor: Cursor, epoch: str) -> bool:
        kept = timedelta(days=settings.TESSERA_CHANGES_KEPT_DAYS)
        return (
            (cursor.epoch, cursor.kinds) != (epoch, self.kinds)
            or _now() - cursor.since > kept.total_seconds()
            or any(cursor.rights.get(part) != digest for part, digest in self.rights.items())
        )

    @property
    def shared(self) -> Hashable:
        """Return what two readers have in common for whom the same entries are the same; None where it depends on the person."""
        return None if self.judge.personal else (tuple(self.rights.items()), self.kinds)

    def _going_on(self, cursor: Cursor, seen: str, page: list[Entry]) -> Cursor:
        """Return the cursor in the midst of what `seen` (or the snapshot before, of which a part was told) saw."""
        missed = {self.off[entry.label] for entry in page if entry.label in self.off}
        missed |= {entry.before["label"] for entry in page if entry.label == PURGED and entry.verb == "delete"}
        return replace(
            cursor,
            upto=cursor.upto or seen,
            rights={**cursor.rights, **self.rights},
            missed=tuple(sorted({*cursor.missed, *missed})),
        )

    def _answer(self, step: Step, start: Cursor) -> Changes:
        return Changes(
            items=step.items,
            cursor=(step.cursor or start).text(),
            has_more=step.more,
            epoch=start.epoch,
            resync_required=step.cursor is None,
            types=self.types,
        )


def _now() -> int:
    return int(timezone.now().timestamp())


def _items(told: list[Told], page: list[Entry], going: Cursor) -> list[Change]:
    """Return what is told, each with its cursor: that of several things about one entry is only behind it with the last."""
    before: dict[Place, Place] = dict(
        zip((each.place for each in page), (going.at, *(each.place for each in page)), strict=False)
    )
    last = {each.entry.place: place for place, each in enumerate(told)}
    items = []
    for place, each in enumerate(told):
        behind = each.entry.place if last[each.entry.place] == place else before[each.entry.place]
        name = each.resource.name
        items.append(Change(name, Id(encode(name, each.key)), each.op, replace(going, at=behind).text()))
    return items
