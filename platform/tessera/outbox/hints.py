"""A hint in Valkey that a tenant has deliveries waiting; losing it only costs the sweep's delay."""

import logging
from uuid import UUID

import redis
from django.conf import settings

HINTS = "sys:outbox:hints"
_log = logging.getLogger(__name__)
_client: redis.Redis | None = None


def client() -> redis.Redis:
    """Return the process's connection to Valkey."""
    global _client
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    return _client


def hint(tenant: UUID) -> None:
    """Name the tenant to the relay; with Valkey gone the relay's slow sweep finds the rows."""
    try:
        client().sadd(HINTS, str(tenant))
    except redis.RedisError:
        _log.warning("no hint for tenant %s: Valkey did not answer, the sweep will find it", tenant)
