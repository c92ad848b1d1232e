"""What can be imported: a typed row and the service that takes it.

    @dataclass(frozen=True, kw_only=True)
    class PartyRow:
        code: str
        name: str
        country: str = ""

    Importer("parties", row=PartyRow, service=import_party, permission="base.party_create")

The service is called with the row's fields as keyword arguments; a field typed as a model is
looked up by its resource's `import_key` among the rows the actor may see. A field that is a list
of dataclasses takes a list of objects (JSON only).

Where rows are many and worth writing together, `at_once=200` says that the service takes `rows`,
up to so many, and returns for each what it made, or the `Refused` that kept it out. It undoes what
it wrote for a row that it refuses.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import Choices, Model
from django.utils.translation import gettext as _

from tessera.errors import Problem, Refused
from tessera.module import module_of
from tessera.resource import Resource, resource_of
from tessera.scope import scoped

IMPORTERS: dict[str, "Importer"] = {}
NULLS = ("", "NULL")


@dataclass(frozen=True)
class Importer:
    """One kind of import; see the module's text."""

    name: str
    row: type
    service: Callable[..., Any]
    permission: str
    at_once: int = 0

    def __post_init__(self) -> None:
        if self.name in IMPORTERS:
            raise ValueError(f"two importers are named {self.name}")
        IMPORTERS[self.name] = self

    @property
    def module(self) -> str | None:
        """Return the label of the module that must be on."""
        return module_of(self.service)


class Reader:
    """Turn plain rows into typed ones; looks up the references of many rows together, and each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[type, str], Any] = {}

    def look_up(self, row_type: type, rows: Iterable[dict[str, Any]]) -> None:
        """Find what rows refer to, one statement per kind. What is not there yet is looked for again by its row."""
        wanted: dict[type[Model], set[str]] = {}
        for row in rows:
            self._gather(row_type, row, wanted)
        for model, keys in wanted.items():
            missing = {key for key in keys if (model, key) not in self._found}
            if missing:
                resource, name = _keyed(model)
                for found in scoped(resource).filter(**{f"{name}__in": missing}).order_by("-pk"):
                    self._found[model, str(getattr(found, name))] = found

    def _gather(self, hint: Any, raw: Any, wanted: dict[type[Model], set[str]]) -> None:
        hint = _not_none(hint)
        if get_origin(hint) in (list, tuple) and isinstance(raw, list):
            for each in raw:
                self._gather(get_args(hint)[0], each, wanted)
        elif is_dataclass(hint) and isinstance(raw, dict):
            for name, inner in _hints(hint).items():
                self._gather(inner, raw.get(name), wanted)
        elif isinstance(hint, type) and issubclass(hint, Model) and _is_plain(raw) and _is_storable(str(raw)):
            wanted.setdefault(hint, set()).add(_text(raw))

    def read(self, row_type: Any, given: dict[str, Any]) -> Any:
        """Return a typed row; raise Refused with one problem per bad field."""
        hints = _hints(row_type)
        known = {field.name: field for field in fields(row_type)}
        problems = [Problem("INVALID", _("There is no such column."), (name,)) for name in given.keys() - known.keys()]
        values: dict[str, Any] = {}
        for name, field in known.items():
            raw = given.get(name)
            if raw is None or (isinstance(raw, str) and raw.strip() in NULLS):
                if field.default is MISSING and field.default_factory is MISSING:
                    problems.append(Problem("REQUIRED", _("A value is required."), (name,)))
                continue
            try:
                values[name] = self._value(hints[name], raw)
            except Refused as refusal:
                problems += refusal.within(name).problems
        if problems:
            raise Refused.of(sorted(problems, key=lambda p: p.field))
        return row_type(**values)

    def _value(self, hint: Any, raw: Any) -> Any:
        hint = _not_none(hint)
        if get_origin(hint) in (list, tuple):
            if not isinstance(raw, list):
                raise Refused("INVALID", _("A list is expected."))
            return self._list(get_args(hint)[0], raw)
        if is_dataclass(hint):
            if not isinstance(raw, dict):
                raise Refused("INVALID", _("An object is expected."))
            return self.read(hint, raw)
        if not _is_plain(raw):
            raise Refused("INVALID", _("A single value is expected."))
        if isinstance(hint, type) and issubclass(hint, Model):
            return self._reference(hint, _text(raw))
        return _plain(hint, _text(raw))

    def _list(self, hint: Any, raw: list[Any]) -> list[Any]:
        made: list[Any] = []
        problems: list[Problem] = []
        for place, each in enumerate(raw):
            try:
                made.append(self._value(hint, each))
            except Refused as refusal:
                problems += refusal.within(str(place)).problems
        if problems:
            raise Refused.of(problems)
        return made

    def _reference(self, model: type[Model], key: str) -> Any:
        if (model, key) not in self._found:
            resource, name = _keyed(model)
            found = scoped(resource).filter(**{name: key}).first()
            if found is None:
                raise Refused("NOT_FOUND", _("There is no {what} {key}.").format(what=model._meta.verbose_name, key=key))
            self._found[model, key] = found
        return self._found[model, key]


_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def _not_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return next(each for each in get_args(hint) if each is not type(None))
    return hint


def _keyed(model: type[Model]) -> tuple[Resource, str]:
    """Return the resource of a model and the column by which rows name it."""
    resource = resource_of(model)
    if resource is None or not resource.import_key:
        raise TypeError(f"{model.__name__} has no resource with an import key")
    return resource, resource.import_key[0]


def _is_plain(raw: Any) -> bool:
    return isinstance(raw, (str, bool, int, float))


def _text(raw: Any) -> str:
    text = str(raw).strip()
    if not _is_storable(text):
        raise Refused("INVALID", _("The value has a character that cannot be stored."))
    return text


def _is_storable(text: str) -> bool:
    """Say whether PostgreSQL takes a text: no zero byte, no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def _plain(hint: type, text: str) -> Any:
    try:
        if hint in (Decimal, int) and "_" in text:  # Python's own way to write large numbers, nobody else's
            raise ValueError
        if hint is Decimal:
            number = Decimal(text)
            if not number.is_finite():
                raise InvalidOperation
            return number
        if hint is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if hint is date:
            return datetime.fromisoformat(text).date()
        if hint is datetime:
            return datetime.fromisoformat(text)
        if isinstance(hint, type) and issubclass(hint, Choices):
            return hint(text)
        return hint(text) if hint in (int, UUID) else text
    except (ValueError, KeyError, InvalidOperation):
        raise Refused("INVALID", _("{value} is not a valid value here.").format(value=text[:60])) from None
