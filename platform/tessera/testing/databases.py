"""Template and clones: how tests get a database each, and tenants that are there already."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from tessera import search
from tessera.context import enter, system
from tessera.db.installer import install
from tessera.module import Module, closure, modules

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = Path(str(search.__file__)).with_name("functions.sql")
ALIASES = ("default", "shared")
NO_MATTER = {
    "tests",
    "testing",
    "bench",
    "graph",
    "story",
    "embedded",
    "management",
    ".venv",
}  # a fresh database does not show them


def _admin() -> psycopg.Connection:
    return psycopg.connect(settings.DATABASE_URL, autocommit=True)


def fingerprint() -> str:
    """Return a digest of every file that decides what a fresh database looks like, in modules outside of the checkout too."""
    digest = hashlib.sha256()
    roots = {Path(app.path) for app in apps.get_app_configs() if isinstance(app, Module) or Path(app.path).is_relative_to(ROOT)}
    files = {file for root in roots for file in root.rglob("*.py") if not NO_MATTER.intersection(file.relative_to(root).parts)}
    for file in sorted({*files, Path(__file__), FUNCTIONS}):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def ensure_template() -> str:
    """Return the name of the template database, making it if no worker has."""
    base = settings.DATABASE_URL.rpartition("/")[2].partition("?")[0]
    name = f"{base}_tpl_{fingerprint()}"
    with _admin() as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext('tessera test template'))")
        done = admin.execute(
            "SELECT 1 FROM pg_database d JOIN pg_shdescription s ON s.objoid = d.oid WHERE datname = %s AND description = 'ready'",
            [name],
        ).fetchone()
        if done:
            return name
        stale = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{base}_tpl_%"]).fetchall()
        for (old,) in stale:
            admin.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}"')
        _prepare(name)
        point_at(name)
        call_command("migrate", database="shared", verbosity=0)
        for slug in ("a", "b"):
            make_tenant(slug=slug)
        _close()
        admin.execute(f"COMMENT ON DATABASE \"{name}\" IS 'ready'")
        return name


def _prepare(name: str) -> None:
    """Give a database the extension schema and the grants of a production database."""
    url = settings.DATABASE_URL.replace(settings.DATABASE_URL.rpartition("/")[2].partition("?")[0], name)
    url = settings.DATABASE_URL.rpartition("/")[0] + "/" + name + _query()
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(f'GRANT CREATE ON DATABASE "{name}" TO tessera_owner')
        own.execute("CREATE SCHEMA ext")
        for extension in ("pg_trgm", "btree_gist", "unaccent"):
            own.execute(f"CREATE EXTENSION {extension} SCHEMA ext")
        own.execute(FUNCTIONS.read_text())
        own.execute("GRANT USAGE ON SCHEMA ext TO tessera_owner")
        own.execute("GRANT CREATE, USAGE ON SCHEMA public TO tessera_owner")
        own.execute("SET ROLE tessera_owner")
        grants = {"TABLES": "SELECT, INSERT, UPDATE, DELETE", "SEQUENCES": "USAGE, SELECT", "FUNCTIONS": "EXECUTE"}
        for kind, rights in grants.items():
            own.execute(f"ALTER DEFAULT PRIVILEGES GRANT {rights} ON {kind} TO tessera_app")


def _query() -> str:
    _, mark, query = settings.DATABASE_URL.rpartition("/")[2].partition("?")
    return mark + query


def clone(template: str, worker: str) -> str:
    """Clone the template for one worker and return the clone's name."""
    name = f"{template}_{worker}"
    with _admin() as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext('tessera test template'))")
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        admin.execute(f'GRANT CREATE ON DATABASE "{name}" TO tessera_owner')  # a clone has no rights of its template's
    return name


def drop(name: str) -> None:
    """Drop a clone."""
    _close()
    with _admin() as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _close() -> None:
    for alias in ALIASES:
        connection = connections[alias]
        connection.close()
        if getattr(connection, "pool", None):
            connection.close_pool()


def point_at(name: str) -> None:
    """Make both aliases connect to the database `name` from now on."""
    _close()
    for alias in ALIASES:
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run inside one transaction per alias and undo both."""
    with ExitStack() as stack:
        for alias in ALIASES:
            stack.enter_context(_undone(alias))
        yield


class _Undo(Exception):
    pass


@contextmanager
def _undone(alias: str) -> Iterator[None]:
    try:
        block = transaction.atomic(using=alias, durable=False)
        block._from_testcase = True  # type: ignore[attr-defined]  # as Django's own tests say: the code under test is in none of its own
        with block:
            yield
            raise _Undo
    except _Undo:
        pass
    finally:
        connections[alias].run_on_commit = []


def renew() -> None:
    """Replace the current clone by a fresh one, after a test that committed."""
    from tenants.epoch import forget_tenants

    name = settings.DATABASES["default"]["NAME"]
    template, _, worker = name.rpartition("_")
    _close()
    clone(template, worker)
    forget_tenants()


def make_tenant(*, slug: str, modules_on: Iterable[str] | None = None) -> Any:
    """Make an active tenant with its schema; `modules_on` defaults to all installed modules."""
    from tenants.models import Domain, Installation, Tenant

    labels = closure(modules() if modules_on is None else modules_on)
    tenant = Tenant(name=f"Tenant {slug}", slug=slug, schema_name=f"t_{slug}", state=Tenant.State.ACTIVE)
    tenant.save(verbosity=0)
    Domain.objects.create(tenant=tenant, domain=f"{slug}.{settings.BASE_DOMAIN.partition(':')[0]}", is_primary=True)
    install(tenant.ref(), labels)
    for label in sorted(labels):
        Installation.objects.create(tenant=tenant, module=label, version=modules()[label].version, state=Installation.State.ON)
    with enter(tenant.ref(), actor=system("seed"), modules=labels):
        for label, module in modules().items():
            if label in labels:
                module.on_enable(tenant.ref())
    return tenant
