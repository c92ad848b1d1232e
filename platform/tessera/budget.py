"""How much each may ask for: buckets of points that refill, in Valkey, charged together or not at all.

A request is charged to the buckets of its tenant, of who sends it, and of the token it comes with. How large they are is said by
`TESSERA_BUDGETS`, times what `TESSERA_BUDGET_TIERS` says for the tenant's tier. The points asked for are
taken before it runs; `settle` gives back what it did not use, or takes what it used beyond that. A little that comes back
waits in this process for the next charge of the same buckets, and requests that follow one another at once are charged together
while their buckets are more than half full; so Valkey is asked once by most requests, and not at all by those of a burst. Nor is it
asked for a second by those for which a bucket was told to hold too little, refilled or not.
With Valkey gone each process keeps buckets of its own, so a tenant may do more than it is promised, never less.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings

from tessera.context import TenantRef
from tessera.errors import ApiError, Code
from tessera.outbox.hints import client

USUAL = ""  # the tier of tenants that have none
KEPT_LOCALLY = 10_000
LITTLE = 0.02  # of a bucket: what is charged or comes back of that need not be told at once
FRESH = 0.1  # seconds for which what Valkey told of a bucket is good enough to charge a little
REFUSED = 1.0  # seconds for which it is good enough to refuse what it cannot hold by then: the least that anybody is told to wait
RETRY = 1.0  # seconds for which a Valkey that did not answer is left alone
_log = logging.getLogger(__name__)

# KEYS: buckets. ARGV: points, whether to refuse (1) or to take what is there (0), then of each bucket its capacity, its rate,
# and what comes back to it first.
# Returns {refused: 0 or 1, what each bucket now holds ...}.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local points, held, short = tonumber(ARGV[1]), {}, 0
for i, key in ipairs(KEYS) do
  local capacity, rate, back = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
  local known = redis.call('HMGET', key, 'held', 'at')
  local was, at = tonumber(known[1]) or capacity, tonumber(known[2]) or now
  held[i] = math.min(capacity, was + back + math.max(0, now - at) * rate)
  if ARGV[2] == '1' and held[i] < points then short = 1 end
end
local answer = {short}
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  if short == 0 then held[i] = math.max(0, math.min(capacity, held[i] - points)) end
  redis.call('HSET', key, 'held', tostring(held[i]), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil(capacity / rate * 1000) + 1000)
  answer[i + 1] = tostring(held[i])
end
return answer
"""


@dataclass(frozen=True)
class Bucket:
    """Points kept under `key`: at most `capacity`, refilled by `rate` a second."""

    key: str
    capacity: int
    rate: float


@dataclass(frozen=True)
class Status:
    """What the tightest bucket holds: points now, at most, and by the second."""

    currently_available: int
    maximum_available: int
    restore_rate: int


class Budget:
    """The buckets of one request."""

    def __init__(self, buckets: list[Bucket]) -> None:
        self.buckets = buckets
        self.most = min(bucket.capacity for bucket in buckets)  # points that can be taken at once
        self._held: list[float] = []

    def take(self, points: int) -> Status:
        """Charge `points` to every bucket, or raise RATE_LIMITED with `retryAfter` in seconds and charge none.

        TOO_COMPLEX is raised for more than a full bucket holds: waiting would not help.
        """
        if points > self.most:
            message = f"This costs {points} points; at most {self.most} can be asked for at once. Ask for less."
            raise ApiError(Code.TOO_COMPLEX, message, limit="cost", cost=points)
        held = _untold.charge(self.buckets, points)
        if held is None:
            held = self._charged(points)
        self._held = held
        return self._status(held)

    def _charged(self, points: int) -> list[float]:
        short, held = True, _untold.short(self.buckets, points)
        if held is None:
            short, held = _charge(self.buckets, points, refuse=True)
        if short:
            wait = max((points - now) / bucket.rate for bucket, now in zip(self.buckets, held, strict=True))
            message = "Too much was asked for in a short time. Try again later."
            raise ApiError(Code.RATE_LIMITED, message, retryAfter=max(1, math.ceil(wait)), cost=points)
        return held

    def settle(self, asked: int, used: int) -> Status:
        """Give back what was taken and not used; what was used beyond it is taken."""
        back = asked - used
        if self._held and 0 <= back <= LITTLE * self.most:
            _untold.add(self.buckets, back)
            held = [min(float(b.capacity), now + back) for b, now in zip(self.buckets, self._held, strict=True)]
            return self._status(held)
        return self._status(_charge(self.buckets, -back, refuse=False)[1])

    def _status(self, held: list[float]) -> Status:
        now, bucket = min(zip(held, self.buckets, strict=True), key=lambda each: each[0] / each[1].capacity)
        return Status(int(now), bucket.capacity, int(bucket.rate))


def _charge(buckets: list[Bucket], points: int, *, refuse: bool) -> tuple[bool, list[float]]:
    global _silent_until
    if time.monotonic() >= _silent_until:
        try:
            return _charge_shared(buckets, points, refuse)
        except redis.RedisError:
            _silent_until = time.monotonic() + RETRY
            _log.warning("Valkey did not answer: requests are counted in this process for a second")
    return _local.charge(buckets, points, refuse=refuse)


_silent_until = 0.0


@cache
def _script(valkey: redis.Redis) -> Any:
    return valkey.register_script(TAKE)


def _charge_shared(buckets: list[Bucket], points: int, refuse: bool) -> tuple[bool, list[float]]:
    limits = [
        number
        for bucket, back in zip(buckets, _untold.pop(buckets), strict=True)
        for number in (bucket.capacity, bucket.rate, back)
    ]
    short, *told = _script(client())(keys=[bucket.key for bucket in buckets], args=[points, int(refuse), *limits])
    held = [float(each) for each in told]
    _untold.note(buckets, held)
    return bool(short), held


@dataclass
class _Known:
    """Of one bucket: points that come back to it, less what was charged, and what Valkey told last, and when."""

    points: int = 0
    held: float = 0.0
    at: float = -math.inf


class Untold:
    """What became of buckets without Valkey being told, until they are charged there again.

    Of more than `most` the ones noted first are let go.
    """

    def __init__(self, most: int = KEPT_LOCALLY) -> None:
        self.most = most
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def charge(self, buckets: list[Bucket], points: int) -> list[float] | None:
        """Charge a little to buckets that were told a moment ago to be more than half full, and return what they hold.

        None, and nothing charged, where it is more, or longer ago, or where they held less: then Valkey is to be asked.
        """
        since = time.monotonic() - FRESH
        with self._lock:
            held = []
            for bucket in buckets:
                known = self._known.get(bucket.key)
                if known is None or known.at < since:
                    return None
                left = known.points - points
                if left < -LITTLE * bucket.capacity or known.held + left < bucket.capacity / 2:
                    return None
                held.append(min(float(bucket.capacity), known.held + left))
            for bucket in buckets:
                self._known[bucket.key].points -= points
        return held

    def short(self, buckets: list[Bucket], points: int) -> list[float] | None:
        """Return what buckets hold of which one is sure to hold less than some points; None where that is not sure.

        Only what comes back in another process could have changed that since it was told.
        """
        now = time.monotonic()
        with self._lock:
            known = [self._known.get(bucket.key) or _Known() for bucket in buckets]
        held = [
            each.held + each.points + (now - each.at) * bucket.rate if now - each.at < REFUSED else math.inf
            for bucket, each in zip(buckets, known, strict=True)
        ]
        return held if min(held) < points else None

    def add(self, buckets: list[Bucket], points: int) -> None:
        """Note points that come back to each of some buckets."""
        if not points:
            return
        with self._lock:
            for bucket in buckets:
                self._of(bucket).points += points
            self._let_go()

    def note(self, buckets: list[Bucket], held: list[float]) -> None:
        """Note what Valkey tells of some buckets."""
        now = time.monotonic()
        with self._lock:
            for bucket, points in zip(buckets, held, strict=True):
                known = self._of(bucket)
                known.held, known.at = points, now
            self._let_go()

    def pop(self, buckets: list[Bucket]) -> list[int]:
        """Return what comes back to each of some buckets, less what was charged, which Valkey is told then."""
        with self._lock:
            found = [self._known.get(bucket.key) or _Known() for bucket in buckets]
            told = [known.points for known in found]
            for known in found:
                known.points = 0
        return told

    def _of(self, bucket: Bucket) -> _Known:
        return self._known.setdefault(bucket.key, _Known())

    def _let_go(self) -> None:
        while len(self._known) > self.most:
            del self._known[next(iter(self._known))]


_untold = Untold()


class Local:
    """The same buckets in this process; the ones used longest ago are forgotten beyond `most`."""

    def __init__(self, most: int = KEPT_LOCALLY) -> None:
        self.most = most
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def charge(self, buckets: list[Bucket], points: int, *, refuse: bool) -> tuple[bool, list[float]]:
        """Take `points` from every bucket; with `refuse` from none where one is short. Return whether, and what they hold."""
        now = time.monotonic()
        with self._lock:
            held = [self._held(bucket, now) for bucket in buckets]
            short = refuse and any(each < points for each in held)
            if not short:
                held = [max(0.0, min(float(b.capacity), each - points)) for b, each in zip(buckets, held, strict=True)]
            for bucket, each in zip(buckets, held, strict=True):
                self._kept[bucket.key] = (each, now)
                self._kept.move_to_end(bucket.key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return short, held

    def _held(self, bucket: Bucket, now: float) -> float:
        was, at = self._kept.get(bucket.key, (float(bucket.capacity), now))
        return min(float(bucket.capacity), was + (now - at) * bucket.rate)


_local = Local()


def budget_of(*, tenant: TenantRef, person: str, token: str = "", app: str = "", stranger: bool = False) -> Budget:
    """Return the buckets of a request, by the identities that its sender, token and app have, as large as the tenant's tier has them.

    Strangers share a bucket of their own beside the one of their address, so that they cannot use up what members need.
    """
    shares = settings.TESSERA_BUDGETS
    named = [("stranger" if stranger else "tenant", ""), ("person", f":{person}")]
    named += [(kind, f":{which}") for kind, which in (("token", token), ("app", app)) if which]
    times = times_of(tenant)
    return Budget(
        [
            Bucket(f"t_{tenant.id.hex}:budget:{kind}{who}", int(shares[kind][0] * times), shares[kind][1] * times)
            for kind, who in named
        ]
    )


def times_of(tenant: TenantRef) -> float:
    """Return how many times the usual budget a tenant has; one whose tier was taken out of the settings has the usual one."""
    tiers: dict[str, float] = settings.TESSERA_BUDGET_TIERS
    if tenant.tier not in tiers:
        _log.warning("tenant %s is of the tier %r, which there is none of: it has the usual budget", tenant.id, tenant.tier)
        return tiers[USUAL]
    return tiers[tenant.tier]
