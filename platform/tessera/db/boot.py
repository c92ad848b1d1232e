"""Refuse to start on a server where tenants would not be safe from each other; say everything that is wrong."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction

from tessera.context import TenantRef, enter, system
from tessera.db.checks import tenant_models
from tessera.db.guard.base import EXTENSIONS
from tessera.fields import new_id

OLDEST = 180000
TOLD = (  # the columns of FACTS
    "server",
    "is_superuser",
    "bypasses_rls",
    "creates_schemas",
    "creates_in_public",
    "uses_extensions",
    "creates_in_extensions",
    "becomes_owner",
    "searches",
    "tenant_tables_in_public",
    "max_connections",
)
FACTS = """
    SELECT current_database() || ' at ' || coalesce(inet_server_addr()::text, 'local') || ':' || current_setting('port')
               || ' since ' || pg_postmaster_start_time(),
           rolsuper, rolbypassrls,
           has_database_privilege(current_database(), 'CREATE'),
           to_regnamespace('public') IS NOT NULL AND has_schema_privilege('public', 'CREATE'),
           to_regnamespace(%(ext)s) IS NOT NULL AND has_schema_privilege(%(ext)s, 'USAGE'),
           to_regnamespace(%(ext)s) IS NOT NULL AND has_schema_privilege(%(ext)s, 'CREATE'),
           EXISTS (SELECT 1 FROM pg_roles o WHERE o.rolname = %(owner)s AND pg_has_role(session_user, o.oid, 'SET')),
           to_regprocedure(%(ext)s || '.search_vector(text)') IS NOT NULL,
           array(SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY(%(tables)s) ORDER BY 1),
           current_setting('max_connections')::int
      FROM pg_roles WHERE rolname = session_user
"""


@dataclass(frozen=True)
class Facts:
    """What one alias of the database says of itself."""

    server: str
    is_superuser: bool
    bypasses_rls: bool
    creates_schemas: bool
    creates_in_public: bool
    uses_extensions: bool
    creates_in_extensions: bool
    becomes_owner: bool
    searches: bool
    tenant_tables_in_public: tuple[str, ...]
    max_connections: int
    version: int
    reports_search_path: bool


def gather(alias: str) -> Facts:
    """Ask the server behind an alias."""
    connection = connections[alias]
    names = {
        "ext": EXTENSIONS,
        "owner": settings.TESSERA_OWNER_ROLE,
        "tables": [model._meta.db_table for model in tenant_models()],
    }
    # allow bare-atomic: the server is asked before any tenant is entered
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(FACTS, names)
        told: dict[str, Any] = dict(zip(TOLD, cursor.fetchone(), strict=True))
        cursor.execute("SET LOCAL search_path = pg_catalog")
        reports = connection.connection.info.parameter_status("search_path") == "pg_catalog"
        version = connection.connection.info.server_version
    told["tenant_tables_in_public"] = tuple(told["tenant_tables_in_public"])
    return Facts(**told, version=version, reports_search_path=reports)


def problems_of(facts: dict[str, Facts]) -> list[str]:
    """Return what is unsafe, one sentence each."""
    found = []
    if len({each.server for each in facts.values()}) > 1:
        found.append("the aliases default and shared lead to two servers or databases")
    for alias, each in facts.items():
        if each.version < OLDEST:
            found.append(f"{alias}: PostgreSQL 18 or later is needed, this is {each.version // 10000}")
        if not each.reports_search_path:
            found.append(f"{alias}: the search path is not reported back; is there a transaction pooler that does not track it?")
    app = facts["default"]
    faults = {
        "the application's role is a superuser": app.is_superuser,
        "the application's role bypasses row security": app.bypasses_rls,
        "the application's role can create schemas; only the owner's may": app.creates_schemas,
        "the application's role can create tables in public; only the owner's may": app.creates_in_public,
        f"the application's role can create functions in {EXTENSIONS}, which is on every tenant's path": app.creates_in_extensions,
        f"the application's role has no USAGE on the schema {EXTENSIONS}": not app.uses_extensions,
        f"the application's role may not SET ROLE {settings.TESSERA_OWNER_ROLE}": not app.becomes_owner,
        f"the schema {EXTENSIONS} has not the functions of search: run cluster.sql again": not app.searches,
    }
    found += [sentence for sentence, wrong in faults.items() if wrong]
    if app.tenant_tables_in_public:
        found.append(f"tables of tenants lie in public: {', '.join(app.tenant_tables_in_public)}")
    wanted = 2 * settings.POOL["max_size"]
    if wanted > app.max_connections:
        found.append(f"one process may open {wanted} connections, the server allows {app.max_connections}")
    return found


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured with everything that is unsafe about the models and the server.

    Whoever serves tenants calls it once at its start. It leaves no connection open, so that a
    process may fork afterwards.
    """
    found = [f"{error.id}: {error.msg}" for error in run_checks() if error.is_serious() and not error.is_silenced()]
    with enter(TenantRef(new_id(), "t_boot"), actor=system("boot"), modules=frozenset()):
        facts = {alias: gather(alias) for alias in ("default", "shared")}
    for alias in facts:
        connections[alias].close()
        connections[alias].close_pool()
    if found := found + problems_of(facts):
        raise ImproperlyConfigured("Tessera does not start here:\n- " + "\n- ".join(found))
