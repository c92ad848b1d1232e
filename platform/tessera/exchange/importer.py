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
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import Choices, Model
from django.utils.translation import gettext as _

from tessera.errors import Problem, Refused
from tessera.module import module_of
from tessera.resource import resource_of
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

    def __post_init__(self) -> None:
        if self.name in IMPORTERS:
            raise ValueError(f"two importers are named {self.name}")
        IMPORTERS[self.name] = self

    @property
    def module(self) -> str | None:
        """Return the label of the module that must be on."""
        return module_of(self.service)


class Reader:
    """Turn plain rows into typed ones; looks up each reference once per import."""

    def __init__(self) -> None:
        self._found: dict[tuple[type, str], Any] = {}

    def read(self, row_type: type, given: dict[str, Any]) -> Any:
        """Return a typed row; raise Refused with one problem per bad field."""
        hints = get_type_hints(row_type)
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
                problems += [Problem(p.code, p.message, (name, *p.field)) for p in refusal.problems]
        if problems:
            raise Refused.of(sorted(problems, key=lambda p: p.field))
        return row_type(**values)

    def _value(self, hint: Any, raw: Any) -> Any:
        if get_origin(hint) in (Union, UnionType):
            hint = next(each for each in get_args(hint) if each is not type(None))
        if get_origin(hint) in (list, tuple):
            if not isinstance(raw, list):
                raise Refused("INVALID", _("A list is expected."))
            return [self._item(get_args(hint)[0], place, each) for place, each in enumerate(raw)]
        if is_dataclass(hint):
            return self.read(hint, raw)  # type: ignore[arg-type]
        if isinstance(hint, type) and issubclass(hint, Model):
            return self._reference(hint, str(raw).strip())
        return _plain(hint, raw)

    def _item(self, hint: Any, place: int, raw: Any) -> Any:
        try:
            return self._value(hint, raw)
        except Refused as refusal:
            raise refusal.within(str(place)) from None

    def _reference(self, model: type[Model], key: str) -> Any:
        if (model, key) not in self._found:
            resource = resource_of(model)
            if resource is None or not resource.import_key:
                raise TypeError(f"{model.__name__} has no resource with an import key")
            self._found[model, key] = scoped(resource).filter(**{resource.import_key[0]: key}).first()
        found = self._found[model, key]
        if found is None:
            raise Refused("NOT_FOUND", _("There is no {what} {key}.").format(what=model._meta.verbose_name, key=key))
        return found


def _plain(hint: type, raw: Any) -> Any:
    text = str(raw).strip()
    if "\0" in text:
        raise Refused("INVALID", _("The value has a character that cannot be stored."))
    try:
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
