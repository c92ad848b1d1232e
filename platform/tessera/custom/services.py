"""Define custom fields, and fill them in."""

import re
from dataclasses import asdict, dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.crud import lock_row
from tessera.custom.filling import WRITE, fill_custom_fields
from tessera.custom.models import CustomField, CustomValues
from tessera.custom.selectors import values_on
from tessera.custom.values import CustomFieldInput, CustomFieldValue, Kind
from tessera.errors import Refused
from tessera.lineage.services import refuse_while_held
from tessera.records import record_at, resource_at, right_to
from tessera.service import service
from tessera.unit_of_work import current_unit

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
    if len(set(values)) < len(values) or not all(values) or any(len(value) > 100 or "," in value for value in values):
        raise Refused("INVALID", _("Each choice has a short value of its own, without a comma."), "choices")
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
    if not resource_at(label).is_record:
        raise Refused("INVALID", _("Records of this kind take no custom fields."), "label")
    if not re.fullmatch(r"[a-z][a-zA-Z0-9]{0,39}", name):
        raise Refused("INVALID", _("A name is a small letter, then letters and digits, 40 at most."), "name")
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
    return _save(made)


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
    return _save(field)


def _save(field: CustomField) -> CustomField:
    field.save()
    current_unit().known.pop((CustomField, field.label), None)
    return field


@service(permission=WRITE)
def set_custom_fields(
    *, label: str, record: UUID, custom_fields: list[CustomFieldInput], version: int | None = None
) -> list[CustomFieldValue]:
    """Fill in custom fields of a record that one may change; for records that no other mutation changes."""
    record_at(label, record, "update")
    resource = resource_at(label)
    row = lock_row(resource=resource, key=record, version=version, permission=right_to(resource, "update"))
    if hasattr(row, "MOVES"):
        refuse_while_held(row)
    fill_custom_fields(resource=resource, row=row, given=custom_fields)
    row.save()
    return values_on(label, [record])[record]
