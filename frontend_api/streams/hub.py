"""Who listens in which tenant: hints of changes come by one connection to Valkey, and wake the streams of their tenant."""

import asyncio  # allow raw-thread: a look enters its tenant itself, in the thread that it runs in
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor  # allow raw-thread: a look enters its tenant itself
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings
from django.db import connections
from tessera.changes.hints import CHANNEL
from tessera.errors import ApiError, Code
from tessera.graph.failures import masked

from frontend_api.streams.looking import Found, look
from frontend_api.streams.stream import Stream, last_event

SWEEP = 3.0  # seconds until a tenant is looked at without a hint: whose session ended is sent away by then
REST = 0.1  # seconds between two looks at one tenant
THREADS = 4
_log = logging.getLogger(__name__)


class Hub:
    """All streams of this process; lives in its event loop."""

    def __init__(self) -> None:
        self.streams: dict[UUID, set[Stream]] = {}
        self.persons: Counter[tuple[UUID, UUID]] = Counter()
        # allow raw-thread: a look enters its tenant itself
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="look")
        self._due: dict[UUID, asyncio.Event] = {}
        self._lookers: dict[UUID, asyncio.Task[None]] = {}
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen for hints."""
        self._listener = asyncio.create_task(self._listen())

    def end_all(self) -> None:
        """End every stream; clients go on elsewhere from their last cursor."""
        for streams in self.streams.values():
            for stream in streams:
                stream.end(last_event())

    async def stop(self) -> None:
        """End every stream and everything that runs for them."""
        self.end_all()
        tasks = [*self._lookers.values(), *([self._listener] if self._listener else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run what asks the database in a worker thread, which lets go of its connections afterwards."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _let_go, work, *arguments)

    def add(self, stream: Stream) -> None:
        """Take a stream in; RATE_LIMITED where the person or the company has as many as it may."""
        most = settings.TESSERA_STREAMS
        person, here = (stream.tenant, stream.member), self.streams.get(stream.tenant, set())
        if self.persons[person] >= most["person"] or len(here) >= most["tenant"]:
            raise ApiError(Code.RATE_LIMITED, "There are too many open streams.", retryAfter=60)
        self.persons[person] += 1
        self.streams.setdefault(stream.tenant, set()).add(stream)
        if stream.tenant not in self._lookers:
            self._due[stream.tenant] = asyncio.Event()
            self._lookers[stream.tenant] = asyncio.create_task(self._look_again_and_again(stream.tenant))
        self.wake(stream.tenant)

    def remove(self, stream: Stream) -> None:
        """Let a stream go."""
        person = (stream.tenant, stream.member)
        self.persons[person] -= 1
        if not self.persons[person]:
            del self.persons[person]
        here = self.streams[stream.tenant]
        here.discard(stream)
        if not here:
            del self.streams[stream.tenant], self._due[stream.tenant]
            self._lookers.pop(stream.tenant).cancel()

    def wake(self, tenant: UUID) -> None:
        """Look at a tenant soon."""
        if due := self._due.get(tenant):
            due.set()

    async def _listen(self) -> None:
        while True:
            valkey = redis.asyncio.Redis.from_url(settings.REDIS_URL)
            try:
                async with valkey.pubsub() as hints:
                    await hints.psubscribe(f"{CHANNEL}*")
                    for tenant in self.streams:  # what was hinted at while nobody listened
                        self.wake(tenant)
                    async for hint in hints.listen():
                        if hint["type"] == "pmessage":
                            self.wake(UUID(hint["channel"].decode().removeprefix(CHANNEL)))
            except (redis.RedisError, OSError) as error:
                _log.warning("no hints: %s; streams are looked at every %s seconds", error, SWEEP)
                await asyncio.sleep(1)
            finally:
                with contextlib.suppress(redis.RedisError, OSError):
                    await valkey.aclose()

    async def _look_again_and_again(self, tenant: UUID) -> None:
        due = self._due[tenant]
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), SWEEP)
            due.clear()
            streams = [each for each in self.streams[tenant] if not each.ended and (each.has_room() or each.is_given_up())]
            try:
                found: dict[Stream, Found] = await self.run(look, tenant, streams)
            except Exception as defect:  # one that is not there in a moment: they are looked at again
                masked(defect)
            else:
                for stream, told in found.items():
                    self._tell(stream, told)
            await asyncio.sleep(REST)

    def _tell(self, stream: Stream, found: Found) -> None:
        stream.cursor, stream.key, stream.modules = found.cursor, found.key, found.modules
        if found.ended:
            stream.end(*found.frames)
        elif found.frames:
            stream.put(*found.frames)
        if found.more and not found.ended:
            self.wake(stream.tenant)


def _let_go(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    finally:
        connections.close_all()
