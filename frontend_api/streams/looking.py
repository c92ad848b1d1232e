"""Look what the streams of one tenant are to be told: under the rights of now, with one reading of the feed for all.

Runs in a worker thread, and holds a connection for as long as that takes.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import DatabaseError
from tessera.accounts.standing import Standing, standings
from tessera.changes.cursor import START, Cursor, read_cursor
from tessera.changes.feed import Slice, every_label, read_feed
from tessera.changes.judging import Told, TooManyDrawn
from tessera.changes.selectors import Reading
from tessera.context import acting, current, directory, enter, system
from tessera.errors import ApiError, Code
from tessera.graph.schemas import schema_for

from frontend_api.streams.stream import Stream, last_event, next_event, position

PAGE = 50


@dataclass
class Found:
    """What one stream gets: frames, how far that leads, and whether it ends with them."""

    cursor: Cursor | None
    key: str
    modules: frozenset[str]
    frames: list[bytes] = field(default_factory=list)
    more: bool = False
    ended: bool = False


def look(tenant: UUID, streams: list[Stream]) -> dict[Stream, Found]:
    """Return what streams of a tenant get now; a stream that is missing has nothing new."""
    try:
        ref, modules = directory().find(tenant)
    except LookupError:
        return {each: _end(each, ApiError(Code.TENANT_SUSPENDED, "This company's access is suspended.")) for each in streams}
    with enter(ref, actor=system("streams"), modules=modules):
        good = standings({each.credential for each in streams})
        looking, found = _Looking(), {}
        for each in streams:
            try:
                found[each] = looking.at(each, good.get(each.credential))
            except DatabaseError:
                raise  # it is everybody's: all are looked at again
            except Exception as defect:
                found[each] = _end(each, defect)
        return found


def _end(stream: Stream, error: Exception) -> Found:
    return Found(stream.cursor, stream.key, stream.modules, [last_event(error)], ended=True)


class _Looking:
    """One look: the snapshot up to which everybody is told, and what was read and judged for several at once."""

    def __init__(self) -> None:
        self.now = read_feed(None)
        self.labels = every_label()
        self.slices: dict[Hashable, Slice] = {}
        self.readings: dict[Hashable, Reading] = {}
        self.judged: dict[Hashable, list[Told]] = {}

    def at(self, stream: Stream, standing: Standing | None) -> Found:
        """Return what one stream gets."""
        if standing is None:
            return _end(stream, ApiError(Code.UNAUTHENTICATED, "Sign in again: this credential is not valid any more."))
        if stream.is_given_up():
            return _end(stream, ApiError(Code.RATE_LIMITED, "This client does not keep up. Go on from the last cursor."))
        modules = current().modules
        cursor = stream.cursor
        same = (stream.key, stream.modules) == (standing.key, modules)
        if cursor is not None and same and not self.slice(cursor).entries:
            done = replace(cursor, seen=cursor.upto or self.now.seen, upto="", at=START)
            return Found(done, standing.key, modules, more=bool(cursor.upto))
        with acting(standing.actor()):
            return self._told(stream, standing)

    def slice(self, cursor: Cursor) -> Slice:
        """Return the entries behind a cursor, read once for all streams that are as far."""
        place = (cursor.seen, cursor.upto, cursor.at)
        if place not in self.slices:
            found = read_feed(replace(cursor, upto=cursor.upto or self.now.seen), self.labels, PAGE + 1)
            self.slices[place] = replace(found, seen=self.now.seen)
        return self.slices[place]

    def _told(self, stream: Stream, standing: Standing) -> Found:
        types, modules = stream.subscribed.types, current().modules
        person = (standing.key, types)
        if person not in self.readings:
            self.readings[person] = Reading(None if types is None else list(types))
        reading = self.readings[person]
        cursor = stream.cursor or self._first(stream, reading)
        found = self.slice(cursor)
        try:
            step = reading.step(cursor, found, PAGE, self._judged(reading, person, cursor, found))
        except TooManyDrawn:
            step = None
        if step is None or step.cursor is None:
            return _end(stream, resync())
        schema = schema_for(modules)
        frames = [position(cursor.text())] if stream.cursor is None else []
        frames += [next_event(item.cursor, stream.subscribed.event(schema, modules, item)) for item in step.items]
        return Found(step.cursor, standing.key, modules, frames, more=step.more)

    def _first(self, stream: Stream, reading: Reading) -> Cursor:
        if stream.opened is not None:
            return reading.start(stream.opened)
        assert stream.subscribed.since is not None  # a stream that names no cursor begins where it was let in
        return read_cursor(stream.subscribed.since)

    def _judged(self, reading: Reading, person: Hashable, cursor: Cursor, found: Slice) -> list[Told]:
        key = (reading.shared or person, cursor.seen, cursor.upto, cursor.at)
        if key not in self.judged:
            self.judged[key] = reading.judge.judge(found.entries[:PAGE])
        return self.judged[key]


def resync() -> ApiError:
    """Return what a client is told whose cursor leads nowhere any more."""
    return ApiError(Code.BAD_CURSOR, "Read everything again and subscribe from a new cursor.", resyncRequired=True)
