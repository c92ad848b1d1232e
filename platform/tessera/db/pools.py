"""Connections of a thread, taken from their pools in one order and given back while they are not needed.

A request may need a public connection and a tenant's. Where some took the one first and some the other, and both pools were empty, each
would wait for what another holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from psycopg_pool import PoolTimeout

ORDER = ("shared", "default")


def take_public() -> None:
    """Take the public connection, if this thread has none: before a tenant's, whoever is going to need both."""
    public, tenants = (connections[alias] for alias in ORDER)
    if public.connection is None and tenants.connection is not None and not tenants.in_atomic_block:
        tenants.close()
    public.ensure_connection()


def none_was_free(error: BaseException) -> bool:
    """Say whether an exception is of a pool that stayed empty for as long as anybody waits for a connection."""
    return isinstance(error.__cause__, PoolTimeout)


@contextmanager
def without_connections() -> Iterator[None]:
    """Give this thread's connections back for work that takes long and asks no database; those in a transaction stay.

    Afterwards they are taken again, unless something went wrong.
    """
    held = [alias for alias in ORDER if connections[alias].connection is not None and not connections[alias].in_atomic_block]
    for alias in held:
        connections[alias].close()
    yield
    for alias in held:
        connections[alias].ensure_connection()
