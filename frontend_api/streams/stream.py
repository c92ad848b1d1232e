"""One open stream: who listens to what, how far it is told, and what waits to be sent."""

from asyncio import Event  # allow raw-thread: it is the loop's own, there is no thread
from collections import deque
from time import monotonic
from uuid import UUID

import orjson
from tessera.accounts.authentication import Credential
from tessera.changes.cursor import Cursor
from tessera.changes.feed import Slice
from tessera.graph.failures import shown
from tessera.graph.subscribing import Subscribed

ROOM = 100  # events that wait for a client; beyond it the feed waits, and after PATIENCE the client is sent away
PATIENCE = 30.0  # seconds
BEAT = b":\n\n"


class Stream:
    """The line to one client. Only the event loop changes it; `looking` reads it."""

    __slots__ = (
        "credential",
        "cursor",
        "ended",
        "full_since",
        "key",
        "member",
        "modules",
        "opened",
        "subscribed",
        "tenant",
        "waiting",
        "wake",
    )

    def __init__(self, tenant: UUID, member: UUID, credential: Credential, subscribed: Subscribed, opened: Slice | None) -> None:
        self.tenant, self.member, self.credential, self.subscribed = tenant, member, credential, subscribed
        self.opened = opened  # where a stream begins that names no cursor: whoever sees it open misses nothing from then on
        self.cursor: Cursor | None = None  # none before the first look
        self.key, self.modules = "", frozenset[str]()
        self.ended = False
        self.waiting: deque[bytes] = deque()
        self.wake = Event()
        self.full_since: float | None = None

    def has_room(self) -> bool:
        """Say whether the client keeps up; note since when it does not."""
        if len(self.waiting) < ROOM:
            self.full_since = None
            return True
        self.full_since = self.full_since or monotonic()
        return False

    def is_given_up(self) -> bool:
        """Say whether the client has not kept up for too long."""
        return self.full_since is not None and monotonic() - self.full_since > PATIENCE

    def put(self, *frames: bytes) -> None:
        """Line up what is to be sent."""
        self.waiting.extend(frames)
        self.wake.set()

    def end(self, *frames: bytes) -> None:
        """Line up the last that is sent; what waits before it and has no more use is left out."""
        self.waiting.clear()
        self.ended = True
        self.put(*frames)


def position(cursor: str) -> bytes:
    """Return a frame that tells how far the client is told, and nothing else."""
    return b"id: " + cursor.encode() + b"\n\n"


def next_event(cursor: str, body: bytes) -> bytes:
    """Return a frame with one result of the subscription."""
    return b"id: " + cursor.encode() + b"\nevent: next\ndata: " + body + b"\n\n"


def last_event(error: Exception | None = None) -> bytes:
    """Return the frames that end a stream, with the reason if there is one; of a defect an id under which the log has it."""
    reason = b"" if error is None else b"event: next\ndata: " + orjson.dumps({"errors": [shown(error)]}) + b"\n\n"
    return reason + b"event: complete\ndata:\n\n"
