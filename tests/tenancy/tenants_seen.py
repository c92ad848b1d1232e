"""What a tenant has of the planted modules: in public, in its own rows, in tables."""

from contextlib import AbstractContextManager
from typing import Any

from django.db import connections
from tessera.context import enter, system

from tenants.installations import mirror
from tenants.models import Installation

PLANTED = ("alpha", "beta", "gamma", "pack")


class Killed(BaseException):
    """What a kill -9 looks like to the code it hits: nothing below it runs."""


def inside(tenant: Any, *on: str) -> AbstractContextManager:
    return enter(tenant.ref(), actor=system("test"), modules=frozenset(on))


def states(tenant: Any) -> dict[str, str]:
    """Return the states in public."""
    found = {row.module: row.state for row in Installation.objects.filter(tenant=tenant)}
    return {label: state for label, state in found.items() if label in PLANTED}


def own_states(tenant: Any) -> dict[str, str]:
    """Return the states in the tenant's own rows."""
    return {label: row.state for label, row in mirror.truth(tenant).items() if label in PLANTED}


def checksum(tenant: Any, table: str) -> str:
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute(
            f"SELECT md5(string_agg(t.ctid::text || t.xmin::text || to_jsonb(t)::text, '|' ORDER BY id)) FROM {table} t"
        )
        return cursor.fetchone()[0]


def tables(tenant: Any) -> set[str]:
    """Return the tables of the planted modules."""
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {name for (name,) in cursor.fetchall() if name.startswith(("alpha_", "beta_"))}
