"""Output types: a node, connection and edge per resource, and objects from dataclasses."""

import types as python_types
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Choices, Model
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)

from tessera.graph import filter_types, scalars
from tessera.graph.definitions import Field, ObjectType, argument, attribute, list_of, plain, required
from tessera.graph.names import pascal
from tessera.graph.registry import Registry, describe
from tessera.graph.shapes import ChildList, Column, ComputedField, Relation, Shape
from tessera.resource import camel, hints_of

Node = GraphQLInterfaceType(
    "Node",
    {"id": plain(required(GraphQLID))},
    description="Anything that has an id of its own.",
    resolve_type=lambda value, _info, _type: value["__typename"],
)
PageInfo = ObjectType(
    "PageInfo",
    {
        "hasNextPage": plain(required(GraphQLBoolean)),
        "hasPreviousPage": plain(required(GraphQLBoolean)),
        "startCursor": plain(GraphQLString),
        "endCursor": plain(GraphQLString),
    },
    description="Where a page lies in its list.",
)


def node_type(registry: Registry, shape: Shape) -> GraphQLObjectType:
    """Return the object type of a resource."""

    def fields() -> dict[str, GraphQLField]:
        made: dict[str, GraphQLField] = {"id": Field(required(GraphQLID), extensions={"member": None})}
        for name, member in shape.members.items():
            made[name] = _member_field(registry, shape, member)
        return made

    return registry.once(
        shape.name,
        ("resource", shape.model),
        lambda: ObjectType(
            shape.name, fields, interfaces=(Node,), description=describe(shape.model), extensions={"shape": shape}
        ),
    )


def _member_field(registry: Registry, shape: Shape, member: Any) -> GraphQLField:
    about = {"member": member}
    if isinstance(member, Column):
        leaf = registry.leaf_of(member, shape.name)
        made: GraphQLOutputType = list_of(leaf) if isinstance(member.field, ArrayField) else leaf
        empty = member.field.null or member.right or (member.field.blank and "names" in leaf.extensions)
        help_text = str(member.field.help_text) or None
        return Field(made if empty else required(made), description=help_text, extensions=about)
    if isinstance(member, Relation):
        return Field(node_type(registry, registry.shapes.of(member.target)), extensions=about)
    if isinstance(member, ChildList):
        child = registry.shapes.of(member.child)
        return Field(required(connection_type(registry, child)), page_arguments(registry, child), extensions=about)
    assert isinstance(member, ComputedField)
    value = get_args(hints_of(member.computed.load)["return"])[1]
    return Field(nullable(output_type(registry, value)), description=describe(member.computed.load), extensions=about)


def connection_type(registry: Registry, shape: Shape) -> GraphQLObjectType:
    """Return the page type of a resource."""

    def edge() -> GraphQLObjectType:
        return ObjectType(
            f"{shape.name}Edge",
            lambda: {
                "cursor": plain(required(GraphQLString)),
                "node": plain(required(node_type(registry, shape))),
            },
        )

    def fields() -> dict[str, GraphQLField]:
        edges = registry.once(f"{shape.name}Edge", ("edge", shape.model), edge)
        return {
            "edges": plain(required(list_of(edges))),
            "nodes": plain(required(list_of(node_type(registry, shape)))),
            "pageInfo": plain(required(PageInfo)),
            "totalCount": plain(required(GraphQLInt)),
        }

    return registry.once(
        f"{shape.name}Connection",
        ("connection", shape.model),
        lambda: ObjectType(f"{shape.name}Connection", fields, extensions={"page_of": shape}),
    )


def page_arguments(registry: Registry, shape: Shape) -> dict[str, GraphQLArgument]:
    """Return the arguments of every list of a resource: the same for all of them."""
    known = registry.arguments.get(shape.name)
    if known is not None:
        return known
    made: dict[str, GraphQLArgument] = {
        "first": argument(GraphQLInt),
        "after": argument(GraphQLString),
        "last": argument(GraphQLInt),
        "before": argument(GraphQLString),
        "filter": argument(filter_types.filter_type(registry, shape)),
        "orderBy": argument(list_of(filter_types.order_type(registry, shape))),
    }
    if shape.search:
        made["search"] = argument(GraphQLString)
    registry.arguments[shape.name] = made
    return made


def nullable(made: GraphQLOutputType) -> GraphQLOutputType:
    """Return a type without its outermost requirement."""
    return made.of_type if isinstance(made, GraphQLNonNull) else made


def optional(hint: Any) -> tuple[Any, bool]:
    """Return a Python type without None, and whether None was part of it."""
    if get_origin(hint) in (Union, python_types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]
        if len(parts) != 1:
            raise ImproperlyConfigured(f"{hint} is a union, which has no GraphQL type")
        return parts[0], True
    return hint, False


def enum_choices(kind: Any) -> list[tuple[Any, Any]]:
    """Return the values and labels of an enum class."""
    if issubclass(kind, Choices):  # Django knows their labels
        return [(value, label) for value, label in kind.choices if value]
    return [(each.value, each.name.replace("_", " ").lower()) for each in kind]


def enum_of(registry: Registry, kind: type[Enum]) -> Any:
    """Return the enum of a Python enum class, named by its qualified name (`Lead.State`: LeadState)."""
    made = registry.enum(pascal("_".join(kind.__qualname__.split("<locals>.")[-1].split("."))), enum_choices(kind))
    if made is None:
        raise ImproperlyConfigured(f"{kind.__qualname__} has values that are no GraphQL names")
    return made


def output_type(registry: Registry, hint: Any) -> GraphQLOutputType:
    """Return the type of what a selector or service returns; a row of a resource may be null."""
    inner, may_be_none = optional(hint)
    made = _output(registry, inner)
    row = isinstance(inner, type) and issubclass(inner, Model)
    return made if may_be_none or row else required(made)


def _output(registry: Registry, hint: Any) -> GraphQLOutputType:
    if get_origin(hint) in (list, tuple, frozenset, set):
        item = output_type(registry, get_args(hint)[0])
        return list_of(nullable(item))
    if get_origin(hint) is dict:
        return scalars.Json
    if hint is UUID:
        return scalars.Key
    if scalar := scalars.of_python(hint):
        return scalar
    if isinstance(hint, type) and issubclass(hint, Model):
        if shape := registry.shapes.find(hint):
            return node_type(registry, shape)
        raise ImproperlyConfigured(f"{hint.__qualname__} is returned but has no resource")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return enum_of(registry, hint)
    if is_dataclass(hint):
        return object_type(registry, hint)
    raise ImproperlyConfigured(f"{hint} has no GraphQL type")


def object_type(registry: Registry, kind: Any) -> GraphQLObjectType:
    """Return the object type of a dataclass."""

    def fields() -> dict[str, GraphQLField]:
        hints = hints_of(kind)
        return {
            camel(each.name): Field(output_type(registry, hints[each.name]), extensions=attribute(each.name))
            for each in dataclass_fields(kind)
        }

    return registry.once(
        kind.__name__, ("dataclass", kind), lambda: ObjectType(kind.__name__, fields, description=describe(kind))
    )
