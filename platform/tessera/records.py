"""A record of any module, named by its model label and key, as notes and custom fields hang on it."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import Forbidden, NotFound, Refused
from tessera.module import modules
from tessera.resource import Resource, resource_of
from tessera.scope import NOTHING, within
from tessera.unit_of_work import Unit


def resource_at(label: str) -> Resource:
    """Return the resource of a model label ("base.Party"); refuse what does not exist in this tenant."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        model = None
    found = resource_of(model) if model else None
    if found is None or (found.module in modules() and found.module not in current().modules):
        raise Refused("NOT_FOUND", _("There is no kind of record {label}.").format(label=label), "label")
    return found


def right_to(resource: Resource, verb: str) -> str:
    """Return the right that a verb of a resource demands, the generic one or that of its own service."""
    own = getattr(resource, verb, None)
    return getattr(own, "permission", "") or resource.permission(verb)


def record_at(label: str, record: UUID, verb: str = "view") -> Any:
    """Return a record that the actor may view (and, by another verb, may change); a hidden one does not exist."""
    resource = resource_at(label)
    actor = current().actor
    row = _reached(resource, record, resource.permission("view")).first()
    if row is None:
        raise NotFound
    if verb != "view":
        right = right_to(resource, verb)
        if not actor.may(right):
            raise Forbidden(right)
        if not _reached(resource, record, right).exists():
            raise NotFound
    return row


def deleted_records(unit: Unit) -> list[UUID]:
    """Return the records that a unit of work deletes, for those who keep what hangs on records."""
    return [
        mark.pk
        for mark in unit.audit
        if mark.verb == "delete" and (resource := resource_of(mark.model)) is not None and resource.is_record
    ]


def _reached(resource: Resource, record: UUID, permission: str) -> Any:
    rows = resource.model._default_manager.filter(pk=record)
    condition = within(resource, current().actor, permission)
    return rows if condition is None else rows.none() if condition is NOTHING else rows.filter(condition)
