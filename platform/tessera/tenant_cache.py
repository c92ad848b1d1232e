"""A cache in Valkey whose keys carry the tenant: what A stored does not exist in B.

The cache may forget at any time; with Valkey gone nothing is found and nothing is kept.
"""

import json
import logging
from typing import Any

import redis

from tessera.context import current
from tessera.outbox.hints import client

_log = logging.getLogger(__name__)


def key_of(name: str) -> str:
    """Return the key of `name` in the tenant in force."""
    return f"t_{current().tenant.id.hex}:{name}"


def fetch(name: str) -> Any:
    """Return what was kept under `name`, or None."""
    try:
        found = client().get(key_of(name))
    except redis.RedisError:
        _log.warning("Valkey did not answer: nothing is found in the cache")
        return None
    return None if found is None else json.loads(found)


def keep(name: str, value: Any, *, seconds: int) -> None:
    """Keep a JSON value under `name` for at most `seconds`."""
    try:
        client().set(key_of(name), json.dumps(value), ex=seconds)
    except redis.RedisError:
        _log.warning("Valkey did not answer: nothing is kept in the cache")


def forget(name: str) -> None:
    """Drop what is kept under `name`; raises redis.RedisError, since a stale value would stay."""
    client().delete(key_of(name))


def count(name: str, things: list[str], *, seconds: int) -> None:
    """Add one to the count of each thing under `name`; they are kept until nothing was counted for `seconds`."""
    try:
        with client().pipeline(transaction=False) as sent:
            for thing in things:
                sent.hincrby(key_of(name), thing, 1)
            sent.expire(key_of(name), seconds)
            sent.execute()
    except redis.RedisError:
        _log.warning("Valkey did not answer: nothing is counted")


def counts(name: str) -> dict[str, int]:
    """Return the counts under `name`."""
    try:
        found: dict[bytes, bytes] = client().hgetall(key_of(name))  # type: ignore[assignment]  # the client is not told to decode
    except redis.RedisError:
        _log.warning("Valkey did not answer: nothing is found in the cache")
        return {}
    return {thing.decode(): int(number) for thing, number in found.items()}
