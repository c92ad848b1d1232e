"""The generic services: create, update and delete a row that needs no verb of its own.

They check the right and the rights of the fields, run every validation of the model, and refuse with
one problem per finding. Rules beyond constraints and validators want a service of one's own.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from tessera.context import current
from tessera.custom.filling import fill_custom_fields
from tessera.custom.values import CustomFieldInput
from tessera.errors import Forbidden, Problem, Refused
from tessera.integrity import field_of
from tessera.lineage.services import refuse_while_held
from tessera.resource import Resource
from tessera.scope import scoped, within
from tessera.service import demand
from tessera.unit_of_work import is_trial, unit_of_work

Custom = Iterable[CustomFieldInput] | None
_CODES = {"required": "REQUIRED", "blank": "REQUIRED", "null": "REQUIRED", "unique": "UNIQUE", "unique_together": "UNIQUE"}


def create_row(*, resource: Resource, values: dict[str, Any], custom: Custom = None) -> Any:
    """Create a row from values by column name, a key being given as the row it names, and its custom fields."""
    demand(resource.permission("create"))
    with unit_of_work():
        row = resource.model()
        _assign(resource, row, values)
        _own(resource, row)
        validate(row)
        if resource.is_record:
            fill_custom_fields(resource=resource, row=row, given=custom, creating=True)
        row.save()
        _demand_reach(resource, row, resource.permission("create"))
        return row


def update_row(*, resource: Resource, row: Any, values: dict[str, Any], custom: Custom = None) -> Any:
    """Change a locked row by values by column name, and its custom fields; see `lock_row`."""
    demand(resource.permission("update"))
    with unit_of_work():
        if hasattr(row, "MOVES"):
            refuse_while_held(row)
        _assign(resource, row, values)
        validate(row)
        fill_custom_fields(resource=resource, row=row, given=custom)
        row.save()
        _demand_reach(resource, row, resource.permission("update"))
        return row


def delete_row(*, resource: Resource, row: Any) -> UUID:
    """Delete a locked row and return its key; what others refer to is refused as IN_USE."""
    demand(resource.permission("delete"))
    with unit_of_work():
        if hasattr(row, "MOVES"):
            refuse_while_held(row)
        key = row.pk
        row.delete()
        return key


def lock_row(*, resource: Resource, key: UUID, version: int | None, permission: str) -> Any:
    """Return a row locked `FOR UPDATE` that the actor may see and that `permission` reaches.

    NOT_FOUND is refused for hidden and absent rows alike, CONFLICT when the row has moved on from
    `version`; a row that is visible but beyond the right's reach is Forbidden.
    """
    row = scoped(resource).select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise Refused("NOT_FOUND", _("There is no such record."), "id")
    _demand_reach(resource, row, permission)
    if version is not None and getattr(row, "version", version) != version:
        raise Refused("CONFLICT", _("Somebody else has changed this record; read it again."), "version")
    return row


def _demand_reach(resource: Resource, row: Any, permission: str) -> None:
    reached = within(resource, current().actor, permission)
    if reached is not None and not resource.model._default_manager.filter(reached, pk=row.pk).exists():
        raise Forbidden(permission)


def demand_company(resource: Resource, row: Any, permission: str) -> None:
    """Raise Forbidden where a service made a row in a company that the right it demanded does not reach.

    Whom else a new row belongs to is the service's decision: a lead that somebody takes in may be another one's.
    """
    reach, column = current().actor.reach(permission), resource.scope.company
    if reach is None or reach.everything or not reach.companies or not column:
        return
    mine = {f"{column}__in": sorted(reach.companies)}
    if not resource.model._default_manager.filter(pk=row.pk, **mine).exists():
        raise Forbidden(permission)


def _own(resource: Resource, row: Model) -> None:
    """Give a new row to whoever creates it, where it has an owner and none was named."""
    owner = resource.scope.owner
    if owner and "__" not in owner and getattr(row, owner) is None:
        setattr(row, owner, current().actor.member_id)


def _assign(resource: Resource, row: Model, values: dict[str, Any]) -> None:
    may = current().actor.may
    problems = []
    for name, value in values.items():
        column = row._meta.get_field(name)
        right = resource.field_rights.get(name, "")
        if name not in resource.writable and column.attname not in resource.writable:
            problems.append(Problem("FORBIDDEN", _("This field cannot be written."), (name,)))
        elif right and not may(right):
            problems.append(Problem("FORBIDDEN", _("This needs the right {right}.").format(right=right), (name,)))
        elif value is None and not column.null:
            problems.append(Problem("REQUIRED", _("A value is required."), (name,)))
        elif isinstance(value, Model):
            setattr(row, column.attname if not column.is_relation else column.name, value if column.is_relation else value.pk)
        else:
            setattr(row, column.attname, value)
    if problems:
        raise Refused.of(problems)


def validate(row: Model) -> None:
    """Run every validation of a row's model; refuse with one problem per finding, each with the field to blame.

    What only rows can say, the constraints, is left to PostgreSQL where a failure leads back here (see `is_trial`).
    """
    found: dict[str, list[ValidationError]] = {}
    asks = not is_trial()
    try:  # a key is made here, and needs no look for its twin
        row.full_clean(exclude={row._meta.pk.name}, validate_unique=asks, validate_constraints=False)
    except ValidationError as error:
        found = error.update_error_dict({})
    wrong = set(found)
    for model, constraints in row.get_constraints() if asks else ():
        for constraint in constraints:
            try:
                constraint.validate(model, row, exclude=wrong)
            except ValidationError as error:
                field = next(iter(field_of(constraint)), NON_FIELD_ERRORS)
                found.setdefault(field, []).append(error)
    if found:
        raise refusal_of_validation(ValidationError(found))


def refusal_of_validation(error: ValidationError) -> Refused:
    """Return the refusal that stands for what a model's validation found, one problem per finding."""
    found: list[Problem] = []
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for name, errors in by_field.items():
        path = () if name == NON_FIELD_ERRORS else (name,)
        for each in errors:
            code = each.code or ""
            known = code if code.isupper() else _CODES.get(code, "INVALID")
            found.extend(Problem(known, message, path) for message in each.messages)
    return Refused.of(found)
