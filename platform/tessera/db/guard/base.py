"""A database backend that fails closed: no tenant statement ever runs on an unknown search path.

It stands on django-tenants' backend and changes three things. Without a tenant there is no
connection to anything. A `SET search_path` that fails raises instead of leaving the path of the
tenant before. And the path is compared with what PostgreSQL itself reports (18 and later), so a
path changed behind our back is noticed, at no extra round trip.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.db.utils import OperationalError
from django.utils.functional import cached_property
from django_tenants.postgresql_backend import base as django_tenants
from django_tenants.utils import get_public_schema_name, quote_schema_name

EXTENSIONS = "ext"
MOST_TENANTS = 64  # a server process keeps megabytes for every tenant whose tables it has seen, and never lets go


class NoTenant(OperationalError):
    """Raised by a query on the tenant alias while no tenant is entered."""


class DatabaseOperations(PostgresOperations):
    """Foreign keys that are checked at once: deferred ones can lose rows on a distributed engine."""

    def deferrable_sql(self) -> str:
        return " DEFERRABLE INITIALLY IMMEDIATE"


class DatabaseWrapper(django_tenants.DatabaseWrapper):
    """The connection of the alias `default`: one tenant's schema and the extensions', nothing else."""

    ops_class = DatabaseOperations
    _setting_search_path: bool

    @cached_property
    def pg_version(self) -> int:
        """Return the server's version as the handshake told it: no cursor, so no tenant is needed."""
        self.ensure_connection()
        return self.connection.info.server_version

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Turn to another tenant, on a new connection when this one has seen many."""
        # allow raw-tenant: this is what enter() turns
        super().set_tenant(tenant, include_public)
        if self._is_worn() and not self.in_atomic_block:
            self.close()

    def _is_worn(self) -> bool:
        return self.connection is not None and len(getattr(self.connection, "schemas_seen", ())) >= MOST_TENANTS

    def _close(self) -> None:
        if self._is_worn():
            self.connection.close()  # for good: the pool replaces what comes back closed
        super()._close()

    def wanted_path(self) -> tuple[str, ...]:
        """Return the search path of the tenant that is entered; raise NoTenant without one."""
        if not self.schema_name or self.schema_name == get_public_schema_name():
            raise NoTenant("no tenant was entered; use tessera.context.enter")
        return (self.schema_name, EXTENSIONS)

    def turn(self) -> None:
        """Turn the open connection to the tenant that is entered, as getting a cursor does."""
        self._handle_search_path()

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._setting_search_path or self.connection is None:
            return
        want = self.wanted_path()
        info = self.connection.info
        if info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            return  # the next statement fails anyway, whatever the path
        reported = info.parameter_status("search_path")
        if reported is None:
            raise OperationalError("the server does not report its search_path: PostgreSQL 18 or later, no transaction pooler")
        if tuple(part.strip().strip('"') for part in reported.split(",")) == want:
            return
        self.connection.__dict__.setdefault("schemas_seen", set()).add(want[0])
        self._setting_search_path = True
        own = self.connection.cursor() if cursor is None else cursor
        try:
            own.execute("SET search_path = " + ", ".join(quote_schema_name(part) for part in want))
        except BaseException:
            if not self.in_atomic_block:
                self.close()
            raise
        finally:
            self._setting_search_path = False
            if cursor is None:
                own.close()
