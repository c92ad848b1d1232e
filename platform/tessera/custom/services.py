"""Define custom fields, and write what they hold."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.access.selectors import active_among
from tessera.custom.models import CustomField, CustomValues
from tessera.custom.selectors import fields_of
from tessera.custom.values import Kind, spell
from tessera.errors import Problem, Refused
from tessera.records import record_at, resource_at
from tessera.service import service

MOST_FIELDS = 100
_WITH_CHOICES = (Kind.CHOICE, Kind.CHOICES)


@dataclass(frozen=True)
class CustomChoice:
    """One value to choose, and how it is shown."""

    value: str
    title: str = ""


def _choices(kind: str, choices: list[CustomChoice] | None) -> list[dict[str, str]]:
    wanted = [asdict(choice) | {"title": choice.title or choice.value} for choice in choices or []]
    if bool(wanted) != (kind in _WITH_CHOICES):
        raise Refused("INVALID", _("Choices go with the kinds “choice” and “several choices”, and only with them."), "choices")
    values = [each["value"] for each in wanted]
    if len(set(values)) < len(values) or not all(values) or any(len(value) > 100 for value in values):
        raise Refused("INVALID", _("Each choice has a value of its own."), "choices")
    return wanted


@service(permission="custom.custom_field_define")
def define_custom_field(
    *,
    label: str,
    name: str,
    title: str,
    kind: CustomField.Kind,
    choices: list[CustomChoice] | None = None,
    required: bool = False,
    position: int = 1,
    help_text: str = "",
) -> CustomField:
    """Add a field to a kind of record; its name and kind stay for ever."""
    resource_at(label)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise Refused("INVALID", _("A name has small letters, digits and underscores, 40 at most."), "name")
    if CustomField.objects.filter(label=label, active=True).count() >= MOST_FIELDS:
        raise Refused("LIMIT", _("A kind of record has at most {most} fields of one's own.").format(most=MOST_FIELDS), "label")
    made = CustomField(
        label=label,
        name=name,
        title=title or name,
        kind=kind,
        choices=_choices(kind, choices),
        required=required,
        position=position,
        help_text=help_text,
    )
    made.save()
    return made


@service(permission="custom.custom_field_define")
def change_custom_field(
    *,
    field: CustomField,
    title: str | None = None,
    choices: list[CustomChoice] | None = None,
    required: bool | None = None,
    position: int | None = None,
    help_text: str | None = None,
    active: bool | None = None,
) -> CustomField:
    """Change how a field is shown, what may be chosen, or whether it is in use; a choice in use cannot go."""
    given = {"title": title, "required": required, "position": position, "help_text": help_text, "active": active}
    for name, value in given.items():
        if value is not None:
            setattr(field, name, value)
    if choices is not None:
        wanted = _choices(field.kind, choices)
        gone = {choice["value"] for choice in field.choices} - {choice["value"] for choice in wanted}
        for value in sorted(gone):
            held = [value] if field.kind == Kind.CHOICES else value
            if CustomValues.objects.filter(label=field.label, values__contains={field.name: held}).exists():
                raise Refused("IN_USE", _("The choice {value} is in use.").format(value=value), "choices")
        field.choices = wanted
    field.save()
    return field


@service()
def set_custom_values(*, label: str, record: UUID, values: Mapping[str, Any]) -> CustomValues:
    """Write custom values of a record that exists; None clears one, what is not named stays.

    For services that have checked the right to change the record. Each wrong value is refused by
    its field's name; so is a required one that would be missing.
    """
    known = {field.name: field for field in fields_of(label)}
    row = CustomValues.objects.select_for_update().filter(label=label, record=record).first()
    row = row or CustomValues(label=label, record=record)
    stored, problems = dict(row.values), []
    for name, value in values.items():
        if name not in known:
            problems.append(Problem("INVALID", _("There is no field {name}.").format(name=name), (name,)))
        elif value is None or value in ("", []):
            stored.pop(name, None)
        else:
            try:
                stored[name] = spell(known[name], value)
            except Refused as refusal:
                problems += refusal.problems
    problems += [
        Problem("REQUIRED", _("{title} is required.").format(title=field.title), (name,))
        for name, field in known.items()
        if field.required and name not in stored and not any(problem.field == (name,) for problem in problems)
    ]
    problems += _unknown_members(known, {name: stored.get(name) for name in values})
    if problems:
        raise Refused.of(problems)
    row.values = stored
    row.save()
    return row


def _unknown_members(known: Mapping[str, CustomField], given: Mapping[str, Any]) -> list[Problem]:
    named = {name: UUID(value) for name, value in given.items() if value and name in known and known[name].kind == Kind.MEMBER}
    active = active_among(members=named.values()) if named else frozenset()
    message = _("There is no such active member.")
    return [Problem("NOT_FOUND", message, (name,)) for name, member in named.items() if member not in active]


@service(permission="custom.custom_values_set")
def change_custom_values(*, label: str, record: UUID, values: dict[str, Any]) -> CustomValues:
    """Write custom values of a record that one may change; the same rules as `set_custom_values`."""
    record_at(label, record, "update")
    try:
        return set_custom_values(label=label, record=record, values=values)
    except Refused as refusal:
        raise refusal.within("values") from refusal
