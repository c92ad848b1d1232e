"""Input types from typed parameters and from columns, and how their values become Python's.

Keys of rows arrive as ids and are looked up through the rows that the actor may see, all keys of a
resource in one statement; what is not found is refused with its path, like what is hidden.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from enum import Enum
from inspect import Parameter
from typing import Any, get_args, get_origin
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext as _
from graphql import (
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
)

from tessera.custom.selectors import SHOWN_AS
from tessera.custom.values import CustomFieldInput
from tessera.errors import Problem, Refused
from tessera.graph import scalars
from tessera.graph.definitions import InputField, InputObjectType, input_field, list_of, required
from tessera.graph.ids import decode, key_of
from tessera.graph.registry import Registry, describe
from tessera.graph.shapes import Column, Relation, Shape
from tessera.graph.types import enum_of, optional
from tessera.resource import Resource, camel, hints_of
from tessera.scope import scoped

Path = tuple[str, ...]


class Lookup:
    """The rows that an input names: wanted first, read at once, then found or refused."""

    def __init__(self) -> None:
        self.wanted: dict[str, tuple[Resource, set[UUID]]] = {}
        self.rows: dict[tuple[str, UUID], Any] = {}
        self.problems: list[Problem] = []

    def want(self, resource: Resource, text: str) -> None:
        try:
            key = key_of(text, resource.name)
        except ValueError:
            return
        self.wanted.setdefault(resource.name, (resource, set()))[1].add(key)

    def load(self) -> None:
        for name, (resource, keys) in self.wanted.items():
            for row in scoped(resource).filter(pk__in=keys):
                self.rows[name, row.pk] = row

    def find(self, resource: Resource, text: str, path: Path) -> Any:
        try:
            return self.rows[resource.name, key_of(text, resource.name)]
        except (ValueError, KeyError):
            return self.refuse("NOT_FOUND", _("There is no such record."), path)

    def refuse(self, code: str, message: str, path: Path) -> None:
        self.problems.append(Problem(code, message, path))


class Reader:
    """How a value of one input type becomes a Python value."""

    def gather(self, value: Any, lookup: Lookup) -> None:
        """Note the rows that `value` names."""

    def read(self, value: Any, lookup: Lookup, path: Path) -> Any:
        raise NotImplementedError


class Leaf(Reader):
    """A value that is converted by itself."""

    def __init__(self, convert: Callable[[Any], Any] | None = None) -> None:
        self.convert = convert

    def read(self, value: Any, lookup: Lookup, path: Path) -> Any:
        if self.convert is None:
            return value
        try:
            return self.convert(value)
        except ValueError:
            return lookup.refuse("INVALID", _("This value is not allowed."), path)


class RowKey(Reader):
    """The id of a row."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def gather(self, value: Any, lookup: Lookup) -> None:
        lookup.want(self.resource, value)

    def read(self, value: Any, lookup: Lookup, path: Path) -> Any:
        return lookup.find(self.resource, value, path)


class Several(Reader):
    """A list."""

    def __init__(self, item: Reader, kind: type) -> None:
        self.item, self.kind = item, kind

    def gather(self, value: Any, lookup: Lookup) -> None:
        for each in value:
            self.item.gather(each, lookup)

    def read(self, value: Any, lookup: Lookup, path: Path) -> Any:
        return self.kind(self.item.read(each, lookup, (*path, str(place))) for place, each in enumerate(value))


@dataclass(frozen=True)
class Entry:
    """One field of an input: its name in Python, its reader, and whether null is a value for it."""

    attribute: str
    reader: Reader
    may_be_none: bool


class Entries(Reader):
    """An input object; `make` gets the values that were given, by their names in Python."""

    def __init__(self, make: Callable[..., Any], entries: Callable[[], dict[str, Entry]]) -> None:
        self.make, self._entries = make, entries

    @property
    def entries(self) -> dict[str, Entry]:
        return self._entries()

    def gather(self, value: Any, lookup: Lookup) -> None:
        for name, entry in self.entries.items():
            if value.get(name) is not None:
                entry.reader.gather(value[name], lookup)

    def read(self, value: Any, lookup: Lookup, path: Path) -> Any:
        given, before = {}, len(lookup.problems)
        for name, entry in self.entries.items():
            if name not in value:
                continue
            if value[name] is not None:
                given[entry.attribute] = entry.reader.read(value[name], lookup, (*path, entry.attribute))
            elif entry.may_be_none:
                given[entry.attribute] = None
        return None if len(lookup.problems) > before else self.make(**given)


def given(reader: Entries, value: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that an input's value means; refuse with every problem found in it."""
    lookup = Lookup()
    reader.gather(value, lookup)
    lookup.load()
    made = reader.read(value, lookup, ())
    if lookup.problems:
        raise Refused.of(lookup.problems)
    return made


def input_of(registry: Registry, hint: Any) -> tuple[GraphQLInputType, Reader]:
    """Return the nullable input type of a Python type, and its reader."""
    if get_origin(hint) in (list, tuple, frozenset, set) or hint in (list, tuple):
        inner, _none = optional(get_args(hint)[0])
        kind, reader = input_of(registry, inner)
        return list_of(kind), Several(reader, get_origin(hint))
    if get_origin(hint) is dict or hint is Any:
        return scalars.Json, Leaf()
    if hint is UUID:
        return GraphQLID, Leaf(_any_key)
    if scalar := scalars.of_python(hint):
        return scalar, Leaf()
    if isinstance(hint, type) and issubclass(hint, models.Model):
        if shape := registry.shapes.find(hint):
            return GraphQLID, RowKey(shape.resource)
        raise ImproperlyConfigured(f"{hint.__qualname__} is a parameter but has no resource")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return enum_of(registry, hint), Leaf(hint)
    if is_dataclass(hint):
        return dataclass_input(registry, hint)
    raise ImproperlyConfigured(f"{hint} has no GraphQL input type")


def _any_key(text: str) -> UUID:
    return UUID(text) if len(text) == 36 else decode(text)[1]


def dataclass_input(registry: Registry, kind: Any) -> tuple[GraphQLInputObjectType, Entries]:
    """Return the input object of a dataclass, and the reader that makes one."""
    name = kind.__name__ if kind.__name__.endswith("Input") else f"{kind.__name__}Input"
    hints = hints_of(kind)
    wanted = {
        each.name: (hints[each.name], each.default is MISSING and each.default_factory is MISSING)
        for each in dataclass_fields(kind)
    }
    return object_input(registry, name, ("dataclass", kind), wanted, kind, describe(kind))


def object_input(
    registry: Registry,
    name: str,
    origin: Any,
    wanted: dict[str, tuple[Any, bool]],
    make: Callable[..., Any],
    text: str | None = None,
) -> tuple[GraphQLInputObjectType, Entries]:
    """Return an input object with the fields `name -> (type, required)`, and its reader."""
    entries: dict[str, Entry] = {}

    def fields() -> dict[str, GraphQLInputField]:
        made = {}
        for attribute, (hint, needed) in wanted.items():
            inner, may_be_none = optional(hint)
            kind, reader = input_of(registry, inner)
            entries[camel(attribute)] = Entry(attribute, reader, may_be_none)
            made[camel(attribute)] = input_field(required(kind) if needed and not may_be_none else kind)
        return made

    made = registry.once(name, origin, lambda: InputObjectType(name, fields, description=text, extensions={"entries": entries}))
    return made, Entries(make, lambda: made.extensions["entries"])


def parameter_input(
    registry: Registry, name: str, parameters: Iterable[tuple[str, tuple[Any, Any]]], origin: Any
) -> tuple[GraphQLInputObjectType, Entries]:
    """Return the input object of a service's parameters, and a reader of its arguments."""
    wanted = {each: (hint, default is Parameter.empty) for each, (hint, default) in parameters}
    return object_input(registry, name, origin, wanted, dict)


def custom_input(registry: Registry) -> tuple[str, GraphQLInputType, Entry]:
    """Return the name, type and reader of the custom fields in an input; they arrive under `SHOWN_AS`."""
    kind, reader = input_of(registry, list[CustomFieldInput])
    return camel(SHOWN_AS), kind, Entry(SHOWN_AS, reader, may_be_none=False)


def column_input(registry: Registry, shape: Shape, name: str, creating: bool) -> tuple[GraphQLInputObjectType, Entries]:
    """Return the input object of a resource's writable columns, and a reader of values by column name."""
    entries: dict[str, Entry] = {}

    def fields() -> dict[str, GraphQLInputField]:
        made: dict[str, GraphQLInputField] = {}
        for each, member in shape.writable.items():
            column = member.field
            kind, reader = _of_member(registry, shape, member)
            entries[each] = Entry(column.name, reader, may_be_none=True)
            needed = creating and not (column.null or column.blank or column.has_default() or column.has_db_default())
            made[each] = InputField(required(kind) if needed else kind, description=str(column.help_text) or None)
        if shape.resource.is_record:
            each, kind, entries[each] = custom_input(registry)
            made[each] = input_field(kind)
        return made

    made = registry.once(
        name, ("columns", shape.model, creating), lambda: InputObjectType(name, fields, extensions={"entries": entries})
    )
    return made, Entries(dict, lambda: made.extensions["entries"])


def _of_member(registry: Registry, shape: Shape, member: Column | Relation) -> tuple[Any, Reader]:
    if isinstance(member, Relation):
        return GraphQLID, RowKey(member.target)
    leaf = registry.leaf_of(member, shape.name)
    if isinstance(member.field, ArrayField):
        return list_of(leaf), Leaf()
    return leaf, Leaf()
