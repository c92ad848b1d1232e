"""The life of a module in a tenant: it installs with what it needs, keeps every byte while off, and leaves nothing."""

from collections.abc import Iterator
from typing import Any

from django.db import connections

from tessera.context import enter, system
from tessera.db.catalogue import faults
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


class Newcomer:
    """A tenant that has what a module needs, with two rows of everything, but not yet the module."""

    def __init__(self, part: Part, slug: str = "newcomer") -> None:
        self.part, self.rows = part, Rows("AMBER")
        self.before = part.closure - {part.label}
        self.tenant = make_tenant(slug=slug, modules_on=self.before)
        self._fill(self.before)

    def _fill(self, labels: Any) -> dict[Any, str]:
        with within(self.tenant, *self.part.closure):
            return self.rows.fill(0, 1, only=[model for label in sorted(labels) for model in modules()[label].get_models()])

    def enable(self) -> None:
        """Switch the module on."""
        from tenants.installations import enable_modules

        enable_modules(tenant=self.tenant, modules=[self.part.label])

    def fill(self) -> dict[Any, str]:
        """Make two rows of every model of the module; return the reasons where there are none."""
        return self._fill({self.part.label})

    def checksums(self, labels: Any) -> dict[str, str]:
        """Return the digests of the tables of these modules."""
        return checksums(self.tenant, labels)


def it_installs_alone(part: Part) -> Iterator[str]:
    """Enabled in a tenant that has only what it depends on, its tables are there, stand alone, can be filled, and its schema is its own."""
    from tenants.directory import modules_on

    new = Newcomer(part)
    new.enable()
    if missing := part.closure - modules_on(new.tenant):
        yield f"these are still off: {', '.join(sorted(missing))}"
    tables = tables_of(new.tenant, part.label)
    yield from (f"{model._meta.db_table} is not there" for model in part.models if model._meta.db_table not in tables)
    yield from (f"{model.__name__} has no row: {reason}" for model, reason in new.fill().items())
    with within(new.tenant):
        yield from faults()
    names = set(schema_for(part.closure).type_map)
    yield from (f"the schema has no {resource.name}" for resource in part.resources if resource.name not in names)


def off_and_on_keeps_every_byte(part: Part) -> Iterator[str]:
    """Switched off and on again, every row lies where it lay; while it is off, the schema does not know it."""
    from tenants.directory import modules_on
    from tenants.installations import disable_module

    new = Newcomer(part)
    new.enable()
    new.fill()
    before = new.checksums(part.closure)
    try:
        disable_module(tenant=new.tenant, module=part.label)
    except Refused:
        if not part.module.always_on:
            raise
        return
    if part.module.always_on:
        yield "it is always on, and could be switched off"
    names = set(schema_for(modules_on(new.tenant)).type_map)
    yield from (f"while it is off, the schema still has {resource.name}" for resource in part.resources if resource.name in names)
    yield from (f"switching off changed {table}" for table in _differing(before, new.checksums(part.closure)))
    new.enable()
    yield from (f"switching on again changed {table}" for table in _differing(before, new.checksums(part.closure)))


def purging_leaves_nothing(part: Part) -> Iterator[str]:
    """Purged, none of its tables is left, and nobody else's has changed; a module that refuses keeps every byte."""
    from tenants.installations import disable_module, purge_module

    if part.module.always_on:
        return
    for filled in (True, False):
        new = Newcomer(part, slug="filled" if filled else "empty")
        new.enable()
        if filled:
            new.fill()
        disable_module(tenant=new.tenant, module=part.label)
        before = new.checksums(part.closure)
        try:
            purge_module(tenant=new.tenant, module=part.label, confirmation=part.label)
        except Refused:
            if not filled:
                raise
            yield from (f"refusing to be purged changed {table}" for table in _differing(before, new.checksums(part.closure)))
            continue
        gone = tables_of(new.tenant, part.label)
        yield from (f"{table} is still there" for table in sorted(gone))
        left = {table: digest for table, digest in before.items() if not table.startswith(f"{part.label}_")}
        yield from (f"purging changed {table}" for table in _differing(left, new.checksums(part.closure - {part.label})))
        return


def _differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))
