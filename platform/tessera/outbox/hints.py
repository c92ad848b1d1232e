"""Hints in Valkey that a tenant has deliveries waiting; losing one only costs the sweep's delay.

They are a sorted set: a tenant is in it once, the one that waits longest comes first.
"""

import logging
import time
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

HINTS = "sys:outbox:hints"
_log = logging.getLogger(__name__)


def client() -> redis.Redis:
    """Return the process's connections to Valkey; it waits at most a second for an answer."""
    return _client(settings.REDIS_URL, patience=1)


@cache
def _client(url: str, *, patience: float) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=1)


def hint(tenant: UUID) -> None:
    """Name the tenant to the relay; with Valkey gone the relay's slow sweep finds the rows."""
    try:
        client().zadd(HINTS, {str(tenant): time.time()}, nx=True)
    except redis.RedisError:
        _log.warning("no hint for tenant %s: Valkey did not answer, the sweep will find it", tenant)


def take_hints(*, wait: float, most: int = 100) -> list[UUID]:
    """Take up to `most` hinted tenants, waiting up to `wait` seconds for the first; raises RedisError."""
    found: Any = client().zpopmin(HINTS, most)
    if not found and wait:
        first: Any = _client(settings.REDIS_URL, patience=10).bzpopmin(HINTS, timeout=wait)
        found = [first[1:]] if first else []
    return [UUID(name.decode()) for name, _ in found]
