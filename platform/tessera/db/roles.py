"""Two roles: the application's, which reads and writes rows, and the owner's, which makes tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections, transaction


@contextmanager
def as_owner(alias: str = "default") -> Iterator[None]:
    """Run DDL as the owner role, in the transaction in force or in one of its own.

    The role is local to the transaction: whatever goes wrong, the connection comes back as the application.
    """
    connection = connections[alias]
    role = connection.ops.quote_name(settings.TESSERA_OWNER_ROLE)
    # allow bare-atomic: a role is local to a transaction, which tables are made in
    with transaction.atomic(using=alias):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
