"""The root fields that read: a node by id, a row and a list per resource."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
)

from tessera.errors import ApiError, Code
from tessera.graph.aggregates import aggregate_fields
from tessera.graph.execute import Finished
from tessera.graph.filters import forbidden
from tessera.graph.ids import decode
from tessera.graph.names import lower_first
from tessera.graph.pages import connection_plan
from tessera.graph.plan import Planner, own_plan
from tessera.graph.registry import Registry
from tessera.graph.search_all import search_fields
from tessera.graph.shapes import Shape
from tessera.graph.types import Node, connection_type, node_type, page_arguments
from tessera.scope import may_view


def query_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return the generated fields of Query, without the reports."""
    identified = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))}
    fields = {"node": GraphQLField(Node, identified, resolve=_node, description="The thing with this id.")}
    for shape in registry.shapes:
        about = {"shape": shape}
        one = GraphQLField(node_type(registry, shape), identified, resolve=_row, extensions=about)
        several = GraphQLField(connection_type(registry, shape), page_arguments(registry, shape), resolve=_list, extensions=about)
        for name, field in ((shape.name, one), (shape.resource.plural, several)):
            if lower_first(name) in fields:
                raise ImproperlyConfigured(
                    f"{shape.name} needs another name or plural: {lower_first(name)} is a root field already"
                )
            fields[lower_first(name)] = field
    for name, field in (aggregate_fields(registry) | search_fields(registry)).items():
        if name in fields:
            raise ImproperlyConfigured(f"{name} is a root field already")
        fields[name] = field
    return fields


def _demand_view(shape: Shape, info: GraphQLResolveInfo) -> None:
    if not may_view(shape.resource):
        raise forbidden(shape.resource.permission("view"), (info.field_name,))


def _list(_source: Any, info: GraphQLResolveInfo, **_arguments: Any) -> Finished:
    field = info.parent_type.fields[info.field_name]
    _demand_view(field.extensions["shape"], info)
    return Finished(connection_plan(Planner(info), field, info.field_nodes).root())


def _row(_source: Any, info: GraphQLResolveInfo, *, id: str) -> Finished:
    return _one(info, info.parent_type.fields[info.field_name].extensions["shape"], id)


def _node(_source: Any, info: GraphQLResolveInfo, *, id: str) -> Finished:
    try:
        kind = info.schema.type_map.get(decode(id)[0])
    except ValueError:
        raise _absent() from None
    if kind is None or "shape" not in kind.extensions:
        raise _absent()
    return _one(info, kind.extensions["shape"], id)


def _absent() -> ApiError:
    return ApiError(Code.NOT_FOUND, "There is no such record.", field=["id"])


def _one(info: GraphQLResolveInfo, shape: Shape, text: str) -> Finished:
    _demand_view(shape, info)
    try:
        name, key = decode(text)
    except ValueError:
        raise _absent() from None
    kind = info.schema.type_map[shape.name]
    assert isinstance(kind, GraphQLObjectType)
    found = own_plan(Planner(info), shape, kind, info.field_nodes).by_key([key]) if name == shape.name else {}
    if key not in found:
        raise _absent()
    return Finished(found[key])
