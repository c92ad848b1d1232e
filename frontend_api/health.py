"""Whether this process can serve: both database aliases and Valkey answer."""

import logging
from collections.abc import Callable

import redis
from django.db import DatabaseError, connections
from django.http import HttpRequest, JsonResponse
from tessera.outbox.hints import client

_log = logging.getLogger(__name__)


def _database(alias: str) -> Callable[[], None]:
    def ask() -> None:
        connection = connections[alias]
        connection.ensure_connection()
        connection.connection.execute("SELECT 1")  # below the guard: no tenant is entered, none is read

    return ask


def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 with every part true, 503 with the part that does not answer false."""
    parts = {"default": _database("default"), "shared": _database("shared"), "valkey": lambda: client().ping()}
    found = {}
    for name, ask in parts.items():
        try:
            ask()
            found[name] = True
        except (DatabaseError, redis.RedisError, OSError) as error:
            _log.warning("health: %s does not answer: %s", name, error)
            found[name] = False
    return JsonResponse(found, status=200 if all(found.values()) else 503)
