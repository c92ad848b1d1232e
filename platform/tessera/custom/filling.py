"""Write what the custom fields of a record hold, as part of a change of that record."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.access.selectors import active_among
from tessera.context import current
from tessera.custom.models import CustomField, CustomValues
from tessera.custom.selectors import SHOWN_AS, fields_of, right_to_read
from tessera.custom.values import CustomFieldInput, Kind, spell
from tessera.errors import Problem, Refused
from tessera.resource import Resource
from tessera.unit_of_work import current_unit

WRITE = "custom.custom_values_set"


def fill_custom_fields(*, resource: Resource, row: Any, given: Iterable[CustomFieldInput] | None, creating: bool = False) -> None:
    """Write custom fields of a row that the caller may change, has locked, and saves next, in this unit of work.

    What is not named stays. Each wrong value is refused below the name of its field; so is a
    required one that would be missing, which a row that is created has to bring.
    """
    wanted = list(given or ())
    if not wanted and not creating:
        return
    known = current_unit().once((CustomField, resource.label), lambda: fields_of(resource.label))
    if not wanted and not any(field.required for field in known.values()):
        return
    if wanted:
        _demand_rights(resource)
    held = CustomValues.objects.select_for_update().filter(label=resource.label, record=row.pk).first() if not creating else None
    held = held or CustomValues(label=resource.label, record=row.pk)
    stored, problems = _filled(known, held.values, wanted)
    problems += _unknown_members(known, {each.name: stored.get(each.name) for each in wanted})
    if problems:
        raise Refused.of(problems).within(SHOWN_AS)
    changes = {
        f"custom.{name}": (held.values.get(name), stored.get(name))
        for name in sorted(held.values.keys() | stored.keys())
        if held.values.get(name) != stored.get(name)
    }
    if changes:
        held.values = stored
        held.save()
        row.change_beside(changes)


def _demand_rights(resource: Resource) -> None:
    for right in (WRITE, right_to_read(resource)):
        if not current().actor.may(right):
            raise Refused("FORBIDDEN", _("This needs the right {right}.").format(right=right), SHOWN_AS)


def _filled(
    known: Mapping[str, CustomField], held: Mapping[str, Any], wanted: list[CustomFieldInput]
) -> tuple[dict[str, Any], list[Problem]]:
    stored, seen = dict(held), set()
    problems: list[Problem] = []
    for each in wanted:
        if each.name not in known:
            problems.append(Problem("INVALID", _("There is no field {name}.").format(name=each.name), (each.name,)))
        elif each.name in seen:
            problems.append(Problem("INVALID", _("A field is given once."), (each.name,)))
        elif each.value is None or each.value in ("", []):
            stored.pop(each.name, None)
        else:
            try:
                stored[each.name] = spell(known[each.name], each.value)
            except Refused as refusal:
                problems += refusal.problems
        seen.add(each.name)
    wrong = {problem.field[0] for problem in problems}
    problems += [
        Problem("REQUIRED", _("{title} is required.").format(title=field.title), (name,))
        for name, field in known.items()
        if field.required and name not in stored and name not in wrong
    ]
    return stored, problems


def _unknown_members(known: Mapping[str, CustomField], given: Mapping[str, Any]) -> list[Problem]:
    named = {name: UUID(value) for name, value in given.items() if value and name in known and known[name].kind == Kind.MEMBER}
    active = active_among(members=named.values()) if named else frozenset()
    message = _("There is no such active member.")
    return [Problem("NOT_FOUND", message, (name,)) for name, member in named.items() if member not in active]
