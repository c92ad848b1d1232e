"""Locks whose key carries the tenant, so that equal names in two tenants never meet.

They are an optimisation or an order of work, never the guard of an invariant: that is a
row's lock or a constraint.
"""

import hashlib
from uuid import UUID

from django.db import connections

from tessera.context import current
from tessera.unit_of_work import WriteOutsideUnit


def lock_key(tenant: UUID, *name: object) -> int:
    """Return the 64-bit key of a named lock of a tenant."""
    digest = hashlib.sha256("\0".join((str(tenant), *map(str, name))).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def lock(*name: object) -> None:
    """Hold the lock `name` of the tenant in force until the end of the transaction; wait for it."""
    connection = _in_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(current().tenant.id, *name)])


def try_lock(*name: object) -> bool:
    """Take the lock `name` of the tenant in force if nobody holds it, and say whether."""
    connection = _in_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(current().tenant.id, *name)])
        return cursor.fetchone()[0]


def _in_transaction():
    connection = connections["default"]
    if not connection.in_atomic_block:
        raise WriteOutsideUnit("locks are taken inside a unit of work")
    return connection
