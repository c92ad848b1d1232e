"""Read the audit of records: whole for code, and what somebody may see of it."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Field

from tessera.audit.models import AuditEntry
from tessera.audit.outside import OUTSIDE
from tessera.context import current
from tessera.custom.selectors import right_to_read
from tessera.fields import MemberKey, ModuleKey
from tessera.resource import RESOURCES, Resource, camel, resource_of
from tessera.scope import may_view

CUSTOM = "custom."


@dataclass(frozen=True)
class FieldChange:
    """A field before and after a write, as JSON: `before` is null where the record was created, `after` where it was deleted.

    Custom fields are named `custom.` and their name.
    """

    field: str
    before: Any | None
    after: Any | None


def history_of(row: Any) -> list[AuditEntry]:
    """Return the writes to `row`, oldest first."""
    return list(AuditEntry.objects.filter(label=row._meta.label, record=row.pk).order_by("id"))


def shown_changes(*, ids: list[UUID]) -> dict[UUID, list[FieldChange]]:
    """What was written, as far as you may read these fields now."""
    names = cache(_names)  # for as long as this answer takes: rights are the actor's of now
    found = {}
    for key, label, before, after in AuditEntry.objects.filter(pk__in=ids).values_list("pk", "label", "before", "after"):
        shown = names(label)
        found[key] = [
            FieldChange(name, before.get(column), after.get(column))
            for column in sorted(before.keys() | after.keys())
            if (name := column if column.startswith(CUSTOM) and shown.get(CUSTOM) else shown.get(column))
        ]
    return found


def _names(label: str) -> dict[str, str]:
    """Return the names under which the current actor may read the columns of a kind of record."""
    if outside := OUTSIDE.get(label):
        return {name: camel(name) for name in outside.fields}  # whoever reaches the entry holds its right
    resource = resource_of(apps.get_model(label))
    if resource is None:
        return {}
    found = {
        column.attname: camel(column.name.removesuffix("_id"))
        for column in resource.model._meta.concrete_fields
        if {column.name, column.attname} & {*resource.fields} and _readable(resource, column)
    }
    if resource.is_record and current().actor.may(right_to_read(resource)):
        found[CUSTOM] = CUSTOM
    return found


def _readable(resource: Resource, column: Field) -> bool:
    right = resource.field_rights.get(column.name) or resource.field_rights.get(column.attname, "")
    target = _target(column)
    return (not right or current().actor.may(right)) and (target is None or may_view(target))


def _target(column: Field) -> Resource | None:
    if isinstance(column, MemberKey):
        return RESOURCES.get("Member")
    if isinstance(column, ModuleKey) and column.target:
        return resource_of(apps.get_model(column.target))
    return resource_of(column.related_model) if column.related_model else None
