"""What a process remembers of tenants: for a few seconds at most, and never longer than until a change.

Whatever was looked up counts only as long as the epoch in Valkey stays the same; whoever changes a tenant
sets a new epoch after its commit. With Valkey gone nothing is remembered: the database is asked each time.
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
MOST = 10_000
Found = TypeVar("Found")
_log = logging.getLogger(__name__)
_known: dict[Hashable, tuple[float, Any, Any]] = {}


def remember(key: Hashable, look_up: Callable[[], Found]) -> Found:
    """Return what is remembered under `key`, or look it up; what an open transaction sees is nobody else's business."""
    if connections["shared"].in_atomic_block:
        return look_up()
    try:
        epoch = client().get(EPOCH)
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


def forget_tenants() -> None:
    """Make every process look tenants up again once the public transaction is committed."""
    _known.clear()
    transaction.on_commit(_new_epoch, using="shared")


def _new_epoch() -> None:
    _known.clear()
    try:
        client().set(EPOCH, uuid4().hex)
    except redis.RedisError:
        _log.warning("Valkey did not answer: other processes notice the change within %s seconds", LIFETIME)
