"""The definitions that our schemas are made of: graphql-core's, without its checks of each, and shared where they are equal.

There are tens of thousands in a schema. What they are made of was checked where it was declared (`Registry.once`, `shapes`,
`names`), and a test prints and parses the whole. An attribute that says nothing is the class's, and takes no room.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)
from graphql.pyutils import Undefined

from tessera.graph.giving_way import give_way

NOTHING: dict[str, Any] = {}  # one for all that have no arguments or extensions; nobody adds to it


def _say(definition: Any, said: dict[str, Any]) -> None:
    for name, value in said.items():
        if value is not None:
            setattr(definition, name, value)


class Field(GraphQLField):
    """A field of an output type."""

    args = NOTHING
    resolve = subscribe = description = deprecation_reason = ast_node = None
    extensions = NOTHING

    def __init__(self, type_: Any, args: Mapping[str, GraphQLArgument] | None = None, **said: Any) -> None:
        self.type = type_
        if args:
            self.args = args  # type: ignore[assignment]  # it is a dict
        _say(self, said)


class Argument(GraphQLArgument):
    """An argument of a field."""

    default_value = Undefined
    description = deprecation_reason = out_name = ast_node = None
    extensions = NOTHING

    def __init__(self, type_: Any, **said: Any) -> None:
        self.type = type_
        _say(self, said)


class InputField(GraphQLInputField):
    """A field of an input object."""

    default_value = Undefined
    description = deprecation_reason = out_name = ast_node = None
    extensions = NOTHING

    def __init__(self, type_: Any, **said: Any) -> None:
        self.type = type_
        _say(self, said)


class EnumValue(GraphQLEnumValue):
    """A value of an enum."""

    description = deprecation_reason = ast_node = None
    extensions = NOTHING

    def __init__(self, value: Any, **said: Any) -> None:
        self.value = value
        _say(self, said)


class _Fields:
    """The fields of a type, made when they are first asked for, so that types may name each other."""

    def __get__(self, kind: Any, owner: Any = None) -> Any:
        if kind is None:
            return self
        made = kind.fields = kind.made_by()
        kind.made_by = None  # what it holds is not needed again
        return made


class ObjectType(GraphQLObjectType):
    """An object type; `fields` are its fields, or a function that returns them."""

    interfaces: Any = ()
    is_type_of = description = ast_node = None
    extension_ast_nodes = ()
    extensions = NOTHING
    fields: Any = _Fields()
    made_by: Callable[[], dict[str, GraphQLField]] | None = None

    def __init__(self, name: str, fields: Any, **said: Any) -> None:
        self.name = name
        if callable(fields):
            self.made_by = fields
        else:
            self.fields = fields
        _say(self, said)


class InputObjectType(GraphQLInputObjectType):
    """An input object; `fields` are its fields, or a function that returns them."""

    description = ast_node = None
    is_one_of = False
    extension_ast_nodes = ()
    extensions = NOTHING
    fields: Any = _Fields()
    made_by: Callable[[], dict[str, GraphQLInputField]] | None = None

    def __init__(self, name: str, fields: Any, **said: Any) -> None:
        self.name = name
        if callable(fields):
            self.made_by = fields
        else:
            self.fields = fields
        _say(self, said)

    @staticmethod
    def out_type(value: dict[str, Any]) -> Any:
        """Return a coerced value as it is; to coerce many of them takes long."""
        give_way()
        return value


class EnumType(GraphQLEnumType):
    """An enum, with its values by their names."""

    description = ast_node = None
    extension_ast_nodes = ()
    extensions = NOTHING

    def __init__(self, name: str, values: Mapping[str, GraphQLEnumValue], **said: Any) -> None:
        self.name = name
        self.values = values  # type: ignore[assignment]  # it is a dict
        _say(self, said)


def _kept(kind: Any, name: str, make: Callable[[Any], Any]) -> Any:
    """Return what is made of a type once; the type holds it, so both go together."""
    found = getattr(kind, name, None)
    if found is None:
        found = make(kind)
        setattr(kind, name, found)
    return found


def required(kind: Any) -> Any:
    """Return a type that is never null."""
    return _kept(kind, "never_null", GraphQLNonNull)


def list_of(kind: Any) -> Any:
    """Return the list of a type, with no null in it."""
    return _kept(kind, "as_list", lambda item: GraphQLList(required(item)))


def plain(kind: Any) -> GraphQLField:
    """Return a field of which nothing is said but its type."""
    return _kept(kind, "as_field", Field)


@cache
def attribute(name: str) -> dict[str, Any]:
    """Return the extensions of a field that shows this attribute of a Python value."""
    return {"attribute": name}


def argument(kind: Any) -> GraphQLArgument:
    """Return an argument of which nothing is said but its type."""
    return _kept(kind, "as_argument", Argument)


def input_field(kind: Any) -> GraphQLInputField:
    """Return an input field of which nothing is said but its type."""
    return _kept(kind, "as_input_field", InputField)


@cache
def enum_value(value: str) -> EnumValue:
    """Return the value of an enum that needs no description."""
    return EnumValue(value)
