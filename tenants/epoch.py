"""What a process remembers of tenants: for a few seconds at most, and hardly longer than until a change.

Whatever was looked up counts only as long as the epoch in Valkey stays the same; whoever changes a tenant
sets a new epoch after its commit. A process that answers many requests asks for it once in a hundredth of a second, so that is how
much later than the others it may notice. With Valkey gone nothing is remembered: the database is asked each time.
"""

import logging
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from uuid import uuid4

import redis
from django.db import connections, transaction
from tessera.outbox.hints import client

EPOCH = "sys:tenants:epoch"
LIFETIME = 10.0
FRESH = 0.01  # seconds for which the epoch is not asked for again
MOST = 10_000
Found = TypeVar("Found")
_log = logging.getLogger(__name__)
_known: dict[Hashable, tuple[float, Any, Any]] = {}
_seen: tuple[float, Any] = (0.0, None)  # when the epoch was asked for, and what it was


def remember(key: Hashable, look_up: Callable[[], Found]) -> Found:
    """Return what is remembered under `key`, or look it up; what an open transaction sees is nobody else's business."""
    if connections["shared"].in_atomic_block:
        return look_up()
    try:
        epoch = _epoch()
    except redis.RedisError:
        _log.warning("Valkey did not answer: tenants are looked up in the database")
        return look_up()
    known = _known.get(key)
    if known and known[1] == epoch and known[0] > time.monotonic():
        return known[2]
    found = look_up()
    if len(_known) > MOST:
        _known.clear()
    _known[key] = (time.monotonic() + LIFETIME, epoch, found)
    return found


def _epoch() -> Any:
    global _seen
    now, (asked_at, epoch) = time.monotonic(), _seen
    if now - asked_at > FRESH:
        epoch = client().get(EPOCH)
        _seen = (now, epoch)
    return epoch


def forget_tenants() -> None:
    """Make every process look tenants up again once the public transaction is committed."""
    _forget()
    transaction.on_commit(_new_epoch, using="shared")


def _forget() -> None:
    global _seen
    _known.clear()
    _seen = (0.0, None)


def _new_epoch() -> None:
    _forget()
    try:
        client().set(EPOCH, uuid4().hex)
    except redis.RedisError:
        _log.warning("Valkey did not answer: other processes notice the change within %s seconds", LIFETIME)
