"""Read custom fields and values, and find records by them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from tessera.custom.models import CustomField, CustomValues
from tessera.custom.values import Kind, spell, typed
from tessera.errors import Refused
from tessera.records import record_at

COMPARED = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
OPERATORS = ("eq", "ne", "in", *COMPARED, "contains", "is_null")


@dataclass(frozen=True)
class CustomValue:
    """One custom field of a record: `text` is its value as text (choices joined by commas), None when it has none."""

    name: str
    title: str
    kind: CustomField.Kind
    text: str | None


def fields_of(label: str) -> list[CustomField]:
    """Return the active custom fields of a kind of record, in their order."""
    return list(CustomField.objects.filter(label=label, active=True).order_by("position", "name"))


def values_of(label: str, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the typed custom values of records by name; the caller has checked that they may be seen."""
    fields = {field.name: field for field in fields_of(label)}
    if not fields:
        return {}
    rows = CustomValues.objects.filter(label=label, record__in=list(ids)).values_list("record", "values")
    return {
        record: {name: typed(fields[name], stored) for name, stored in held.items() if name in fields} for record, held in rows
    }


def shown_values(label: str, ids: Iterable[UUID]) -> dict[UUID, list[CustomValue]]:
    """Return every active custom field of each record with its value as text."""
    wanted, fields = list(ids), fields_of(label)
    rows = dict(CustomValues.objects.filter(label=label, record__in=wanted).values_list("record", "values")) if fields else {}
    return {
        record: [
            CustomValue(field.name, field.title, CustomField.Kind(field.kind), _text(rows.get(record, {}).get(field.name)))
            for field in fields
        ]
        for record in wanted
    }


def _text(stored: Any) -> str | None:
    if isinstance(stored, bool):
        return "true" if stored else "false"
    return ",".join(stored) if isinstance(stored, list) else stored


def custom_values_on(*, label: str, record: UUID) -> list[CustomValue]:
    """Return the custom fields of a record with their values; NOT_FOUND for a record that one may not see."""
    record_at(label, record)
    return shown_values(label, [record])[record]


def custom_filter(label: str, name: str, op: str, value: Any) -> Q:
    """Return the condition on a kind of record that its custom field `name` compares with `value`.

    Operators: eq, ne, in; gt, gte, lt, lte for numbers, dates and texts; contains for a part of a
    text (any case) or one of several choices; is_null with True or False. A record without a value
    is only found by is_null and ne. Refuses an unknown field, operator or value with INVALID.
    """
    field = CustomField.objects.filter(label=label, name=name, active=True).first()
    if field is None:
        raise Refused("INVALID", _("There is no field {name}.").format(name=name), name)
    rows = CustomValues.objects.filter(label=label)
    if op == "is_null":
        having = Q(pk__in=rows.filter(values__has_key=name).values("record"))
        return ~having if value else having
    if op == "ne":
        return ~custom_filter(label, name, "eq", value)
    return Q(pk__in=_matching(rows, field, op, value).values("record"))


def _matching(rows: Any, field: CustomField, op: str, value: Any) -> Any:
    if op == "eq":
        return rows.filter(values__contains={field.name: spell(field, value)})
    if op == "in":
        wanted = Q(pk__in=())
        for each in value:
            wanted |= Q(values__contains={field.name: spell(field, each)})
        return rows.filter(wanted)
    if op == "contains" and field.kind == Kind.CHOICES:
        return rows.filter(values__contains={field.name: spell(field, [value])})
    if op == "contains" and field.kind == Kind.TEXT and isinstance(value, str):
        return rows.annotate(held=KeyTextTransform(field.name, "values")).filter(held__icontains=value)
    if op in COMPARED and field.kind in (Kind.NUMBER, Kind.DATE, Kind.TEXT):
        held: Any = KeyTextTransform(field.name, "values")
        wanted = spell(field, value)
        if field.kind == Kind.NUMBER:
            held = Cast(held, DecimalField(max_digits=30, decimal_places=10))
        return rows.filter(values__has_key=field.name).annotate(held=held).filter(**{f"held__{COMPARED[op]}": wanted})
    raise Refused("INVALID", _("{title} is not compared that way.").format(title=field.title), field.name)
