"""The life of a module in a tenant: it installs with what it needs, keeps every byte while off, and leaves nothing."""

from collections.abc import Iterator
from typing import Any

from django.db import connections

from tessera.context import enter, system
from tessera.db.inventory import inventory_of
from tessera.errors import Refused
from tessera.graph.schemas import schema_for
from tessera.module import modules
from tessera.testing.contract.parts import Part
from tessera.testing.databases import make_tenant
from tessera.testing.rows import Rows

CHECKSUM = "SELECT md5(string_agg(t.ctid::text || t.xmin::text || t::text, '|' ORDER BY t.ctid)) FROM {table} t"


def within(tenant: Any, *on: str) -> Any:
    """Enter a tenant as the system with the modules `on`."""
    return enter(tenant.ref(), actor=system("contract"), modules=frozenset(on))


def tables_of(tenant: Any, label: str) -> set[str]:
    """Return the tables that a module has in a tenant."""
    with within(tenant):
        return set(inventory_of(label).tables)


def checksums(tenant: Any, labels: Any) -> dict[str, str]:
    """Return a digest of each table of these modules: its rows, and where and by which transaction they were written."""
    found = {}
    with within(tenant), connections["default"].cursor() as cursor:
        for label in sorted(labels):
            for table in inventory_of(label).tables:
                cursor.execute(CHECKSUM.format(table=connections["default"].ops.quote_name(table)))
                found[table] = cursor.fetchone()[0]
    return found


def newcomer(part: Part) -> Any:
    """Return a tenant that has what the module needs, but not the module."""
    return make_tenant(slug="newcomer", modules_on=part.closure - {part.label})


def fill(tenant: Any, labels: Any) -> dict[Any, str]:
    """Make two rows of every model of these modules."""
    with within(tenant, *labels):
        return Rows("AMBER").fill(0, 1, only=[model for label in labels for model in modules()[label].get_models()])


def it_installs_alone(part: Part) -> Iterator[str]:
    """Enabled in a tenant that has only what it depends on, its tables are there, can be filled, and its schema is its own."""
    from tenants.directory import modules_on
    from tenants.installations import enable_modules

    tenant = newcomer(part)
    enable_modules(tenant=tenant, modules=[part.label])
    if missing := part.closure - modules_on(tenant):
        yield f"these are still off: {', '.join(sorted(missing))}"
    tables = tables_of(tenant, part.label)
    for model in part.models:
        if model._meta.db_table not in tables:
            yield f"{model._meta.db_table} is not there"
    for model, reason in fill(tenant, sorted(part.closure)).items():
        if model in part.models:
            yield f"{model.__name__} has no row: {reason}"
    names = set(schema_for(part.closure).type_map)
    for resource in part.resources:
        if resource.name not in names:
            yield f"the schema has no {resource.name}"


def off_and_on_keeps_every_byte(part: Part) -> Iterator[str]:
    """Switched off and on again, every row lies where it lay; while it is off, the schema does not know it."""
    from tenants.directory import modules_on
    from tenants.installations import disable_module, enable_modules

    tenant = newcomer(part)
    enable_modules(tenant=tenant, modules=[part.label])
    fill(tenant, sorted(part.closure))
    before = checksums(tenant, part.closure)
    try:
        disable_module(tenant=tenant, module=part.label)
    except Refused:
        if not part.module.always_on:
            raise
        return
    if part.module.always_on:
        yield "it is always on, and could be switched off"
    names = set(schema_for(modules_on(tenant)).type_map)
    yield from (f"while it is off, the schema still has {resource.name}" for resource in part.resources if resource.name in names)
    yield from (f"switching off changed {table}" for table in _differing(before, checksums(tenant, part.closure)))
    enable_modules(tenant=tenant, modules=[part.label])
    yield from (f"switching on again changed {table}" for table in _differing(before, checksums(tenant, part.closure)))


def purging_leaves_nothing(part: Part) -> Iterator[str]:
    """Purged, none of its tables is left, and nobody else's has changed."""
    from tenants.installations import disable_module, enable_modules, purge_module

    if part.module.always_on:
        return
    tenant = newcomer(part)
    enable_modules(tenant=tenant, modules=[part.label])
    fill(tenant, sorted(part.closure))
    before = checksums(tenant, part.closure - {part.label})
    disable_module(tenant=tenant, module=part.label)
    purge_module(tenant=tenant, module=part.label, confirmation=part.label)
    yield from (f"{table} is still there" for table in sorted(tables_of(tenant, part.label)))
    yield from (f"purging changed {table}" for table in _differing(before, checksums(tenant, part.closure - {part.label})))


def _differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))
