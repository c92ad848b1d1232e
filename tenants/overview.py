"""The modules as the tenant in force sees them, and what switching one would do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from django.db import connections
from django.utils.translation import gettext as _
from tessera.context import current
from tessera.db.inventory import inventory_of
from tessera.module import modules
from tessera.resource import RESOURCES

from tenants.installations.archiving import free_from
from tenants.installations.disabling import going_off
from tenants.installations.mirror import State, closed
from tenants.installations.purging import builders
from tenants.models import Installation

COMING_OR_ON = frozenset({State.ENABLING, State.ON, State.UPGRADING})


class ModuleKind(Enum):
    """A bundle only names parts; a part has what people work with."""

    BUNDLE = "bundle"
    PART = "part"


@dataclass(frozen=True, kw_only=True)
class TenantModule:
    """A module as it is in this company.

    `requested` says that it was asked for by name, not only needed by another; `installed_version`
    is the version that last worked on its data; `why` says why it is not as it was wished; `needed_by`
    names what is on, or coming on, and depends on it.
    """

    label: str
    title: str
    kind: ModuleKind
    state: State
    requested: bool
    always_on: bool
    since: datetime | None
    why: str
    version: str
    installed_version: str
    depends: list[str]
    needed_by: list[str]


@dataclass(frozen=True, kw_only=True)
class RecordCount:
    """How many records of a kind there are."""

    kind: str
    title: str
    count: int


@dataclass(frozen=True, kw_only=True)
class AffectedModule:
    """A module that would go off, and the records that would stay, unseen, until it is on again."""

    label: str
    title: str
    requested: bool
    records: list[RecordCount]


@dataclass(frozen=True, kw_only=True)
class ModuleImpact:
    """What switching a module would do.

    Enabling it switches on `comes_along` with it; disabling it switches off `goes_off` (itself
    first), unless `kept_on_by` need it; purging it deletes `records`, unless `purged_after` name what has to be purged before.
    Before `purgeable_from`, if it is not null, the law wants them to be kept, in the module or as a confirmed archive.
    """

    module: TenantModule
    comes_along: list[TenantModule]
    goes_off: list[AffectedModule]
    kept_on_by: list[str]
    records: list[RecordCount]
    purged_after: list[str]
    purgeable_from: date | None


def installations() -> dict[str, Installation]:
    """Return the installations of the tenant in force by module."""
    return {row.module: row for row in Installation.objects.filter(tenant_id=current().tenant.id)}


def list_modules() -> list[TenantModule]:
    """List every module that can be switched on, off or away here, each after those it depends on."""
    return pictured(modules(), installations())


def pictured(labels: Iterable[str], rows: Mapping[str, Installation]) -> list[TenantModule]:
    """Return modules as they are in a tenant with the installations `rows`."""
    return [_picture(label, rows) for label in labels]


def _picture(label: str, rows: Mapping[str, Installation]) -> TenantModule:
    module, row = modules()[label], rows.get(label) or Installation(module=label, requested=False, since=None)
    return TenantModule(
        label=label,
        title=str(module.title),
        kind=ModuleKind.BUNDLE if module.is_bundle else ModuleKind.PART,
        state=State(row.state),
        requested=row.requested and row.state != State.ABSENT,
        always_on=module.always_on,
        since=row.since,
        why=_("It failed and was undone; it can be tried again.") if row.state == State.FAILED else row.why,
        version=module.version,
        installed_version=row.version,
        depends=list(module.depends),
        needed_by=[
            other
            for other, each in modules().items()
            if label in each.depends and other in rows and rows[other].state in COMING_OR_ON
        ],
    )


def module_impact(*, module: str) -> ModuleImpact:
    """Say what enabling, disabling and purging a module would do here; NOT_FOUND for a name that is no module."""
    rows = installations()
    along = closed([module], "module") - {module}
    off, users = going_off(rows, module)
    return ModuleImpact(
        module=_picture(module, rows),
        comes_along=pictured((each for each in modules() if each in along and not _is_coming_or_on(rows, each)), rows),
        goes_off=[
            AffectedModule(
                label=label, title=str(modules()[label].title), requested=rows[label].requested, records=count_records(label)
            )
            for label in sorted(off, key=lambda each: (each != module, each))
        ],
        kept_on_by=users,
        records=count_records(module),
        purged_after=builders(rows, module),
        purgeable_from=free_from(module),
    )


def _is_coming_or_on(rows: Mapping[str, Installation], label: str) -> bool:
    return label in rows and rows[label].state in COMING_OR_ON


def count_records(label: str) -> list[RecordCount]:
    """Count the records of a module that people can see, by kind; none where it has no tables."""
    tables = set(inventory_of(label).tables)
    shown = [found for _, found in sorted(RESOURCES.items()) if found.module == label and found.model._meta.db_table in tables]
    if not shown:
        return []
    connection = connections["default"]
    quoted = (connection.ops.quote_name(found.model._meta.db_table) for found in shown)
    counts = [f"(SELECT count(*) FROM {table})" for table in quoted]  # noqa: S608 (quoted, from the catalogue)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}")
        counted = cursor.fetchone()
    return [
        RecordCount(kind=found.label, title=str(found.title), count=count)
        for found, count in zip(shown, counted, strict=True)
        if count
    ]
