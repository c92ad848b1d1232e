"""Read custom fields and values, and find records by them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Case, DecimalField, Q, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from tessera.custom.models import CustomField, CustomValues
from tessera.custom.values import CustomFieldValue, Kind, spell
from tessera.errors import Refused
from tessera.resource import Computed, Resource

READ = "custom.custom_values_read"
SHOWN_AS = "custom_fields"
COMPARED = ("gt", "gte", "lt", "lte")
OPERATORS = ("eq", "ne", "in", *COMPARED, "contains", "is_null")
MOST_VALUES = 250


def fields_of(label: str) -> dict[str, CustomField]:
    """Return the active custom fields of a kind of record by name, in their order."""
    return {field.name: field for field in CustomField.objects.filter(label=label, active=True).order_by("position", "name")}


def right_to_read(resource: Resource) -> str:
    """Return the right without which the custom fields of a resource read as null and are neither written nor compared."""
    return resource.field_rights.get(SHOWN_AS, READ)


def values_on(label: str, ids: Iterable[UUID]) -> dict[UUID, list[CustomFieldValue]]:
    """Return every active custom field of each record with its value; the caller has checked that they may be seen."""
    wanted, fields = list(ids), fields_of(label)
    rows = dict(CustomValues.objects.filter(label=label, record__in=wanted).values_list("record", "values")) if fields else {}
    return {
        record: [
            CustomFieldValue(field.name, field.title, CustomField.Kind(field.kind), rows.get(record, {}).get(field.name))
            for field in fields.values()
        ]
        for record in wanted
    }


def shown_on(resource: Resource) -> Computed:
    """Return the field that shows the custom fields of a resource's rows."""

    def load(*, ids: list[UUID]) -> dict[UUID, list[CustomFieldValue]]:
        """The fields that this company added to records of this kind, each with its value here."""
        return values_on(resource.label, ids)

    return Computed(SHOWN_AS, load)


def custom_filter(fields: Mapping[str, CustomField], label: str, name: str, op: str, value: Any) -> Q:
    """Return the condition on a kind of record that its custom field `name`, one of `fields`, compares with `value`.

    Operators: eq, ne, in; gt, gte, lt, lte for numbers, dates and texts; contains for a part of a
    text (any case) or one of several choices; is_null with True or False. A record without a value
    is only found by is_null and ne. Refuses an unknown field, operator or value with INVALID.
    """
    field = fields.get(name)
    if field is None:
        raise Refused("INVALID", _("There is no field {name}.").format(name=name), name)
    rows = CustomValues.objects.filter(label=label)
    if op == "is_null" and isinstance(value, bool):
        having = Q(pk__in=rows.filter(values__has_key=name).values("record"))
        return ~having if value else having
    if op == "ne":
        return ~Q(pk__in=_matching(rows, field, "eq", value).values("record"))
    return Q(pk__in=_matching(rows, field, op, value).values("record"))


def _matching(rows: Any, field: CustomField, op: str, value: Any) -> Any:
    if op == "eq":
        return rows.filter(values__contains={field.name: spell(field, value)})
    if op == "in" and isinstance(value, list) and len(value) <= MOST_VALUES:
        wanted = Q(pk__in=())
        for each in value:
            wanted |= Q(values__contains={field.name: spell(field, each)})
        return rows.filter(wanted)
    if op == "contains" and field.kind == Kind.CHOICES:
        return rows.filter(values__contains={field.name: spell(field, [value])})
    if op == "contains" and field.kind == Kind.TEXT:
        return rows.annotate(held=KeyTextTransform(field.name, "values")).filter(held__icontains=spell(field, value))
    if op in COMPARED and field.kind in (Kind.NUMBER, Kind.DATE, Kind.TEXT):
        return rows.annotate(held=_held(field)).filter(**{f"held__{op}": spell(field, value)})
    raise Refused("INVALID", _("{title} is not compared that way.").format(title=field.title), field.name)


def _held(field: CustomField) -> Any:
    held = KeyTextTransform(field.name, "values")
    if field.kind != Kind.NUMBER:
        return held
    # Another kind of record may hold a text under this name: only CASE keeps PostgreSQL from casting it.
    return Case(When(label=field.label, then=Cast(held, DecimalField(max_digits=30, decimal_places=10))))
