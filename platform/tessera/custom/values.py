"""One custom value: checked, spelled for the database, and read back with its type."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.custom.models import CustomField
from tessera.errors import Refused

Kind = CustomField.Kind
LONGEST = 4000
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,10})?")
_LARGEST_EXPONENT = 40


@dataclass(frozen=True)
class CustomFieldInput:
    """A value for a custom field by the field's name; null clears it.

    Numbers are texts ("12.5") or integers, dates texts ("2026-03-31"), several choices a list of values.
    """

    name: str
    value: Any | None = None


@dataclass(frozen=True)
class CustomFieldValue:
    """A custom field of a record; `value` is null where it has none, else as it is given in an input."""

    name: str
    title: str
    kind: CustomField.Kind
    value: Any | None


def spell(field: CustomField, value: Any) -> Any:
    """Return a value as it is stored; refuse with INVALID what is no value of this field.

    Text: at most 4,000 characters. Numbers: 20 digits and 10 decimals, as a Decimal, an int or text.
    Dates: a date or ISO text. Members: a UUID or its text.
    """
    spelled = _SPELL[field.kind](field, value)
    if spelled is None:
        raise Refused("INVALID", _("{title} takes another value.").format(title=field.title), field.name)
    return spelled


def _text(_field: CustomField, value: Any) -> Any:
    return value if isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value else None


def _number(_field: CustomField, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:  # "1e999999999" would be written out
        return None
    text = format(number.normalize(), "f")
    return "0" if text in ("-0", "0") else text if _NUMBER.fullmatch(text) else None


def _date(_field: CustomField, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    return value.isoformat() if type(value) is date else None


def _boolean(_field: CustomField, value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _values(field: CustomField) -> list[str]:
    return [choice["value"] for choice in field.choices]


def _choice(field: CustomField, value: Any) -> Any:
    return value if isinstance(value, str) and value in _values(field) else None


def _choices(field: CustomField, value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or any(_choice(field, each) is None for each in value):
        return None
    return sorted(set(value))


def _member(_field: CustomField, value: Any) -> Any:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


_SPELL = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.MEMBER: _member,
}


def read_text(field: CustomField, text: str) -> Any:
    """Return what a cell of an imported table means; `spell` checks it. Several choices are parted by commas."""
    if field.kind == Kind.BOOLEAN:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(text.lower(), text)
    return [each.strip() for each in text.split(",")] if field.kind == Kind.CHOICES else text
