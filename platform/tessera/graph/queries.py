"""The root fields that read: a node by id, a row and a list per resource."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from graphql import (
    GraphQLField,
    GraphQLID,
    GraphQLObjectType,
    GraphQLResolveInfo,
)

from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.aggregates import aggregate_fields
from tessera.graph.definitions import Field, argument, required
from tessera.graph.execute import Planned
from tessera.graph.filters import forbidden
from tessera.graph.ids import decode, key_of
from tessera.graph.json_sql import Writer
from tessera.graph.names import lower_first
from tessera.graph.pages import connection_plan
from tessera.graph.plan import NodePlan, Planner, own_plan
from tessera.graph.registry import Registry
from tessera.graph.search_all import search_fields
from tessera.graph.shapes import Shape
from tessera.graph.slots import Unfit
from tessera.graph.sql_text import Sql
from tessera.graph.types import Node, connection_type, node_type, page_arguments
from tessera.resource import is_on
from tessera.scope import may_view


def query_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return the generated fields of Query, without the reports."""
    identified = {"id": argument(required(GraphQLID))}
    fields: dict[str, GraphQLField] = {"node": Field(Node, identified, resolve=_node, description="The thing with this id.")}
    for shape in registry.shapes:
        about = {"shape": shape, "reads": True}
        one = Field(node_type(registry, shape), identified, resolve=_row, extensions=about)
        several = Field(connection_type(registry, shape), page_arguments(registry, shape), resolve=_list, extensions=about)
        for name, field in ((shape.name, one), (shape.resource.plural, several)):
            if lower_first(name) in fields:
                raise ImproperlyConfigured(
                    f"{shape.name} needs another name or plural: {lower_first(name)} is a root field already"
                )
            fields[lower_first(name)] = field
    for name, found in (aggregate_fields(registry) | search_fields(registry)).items():
        if name in fields:
            raise ImproperlyConfigured(f"{name} is a root field already")
        fields[name] = found
    return fields


class _List(Planned):
    def __init__(self, info: GraphQLResolveInfo) -> None:
        self.field = info.parent_type.fields[info.field_name]
        self.name, self.nodes = info.field_name, info.field_nodes
        self.shape: Shape = self.field.extensions["shape"]

    def by_plan(self, planner: Planner) -> Any:
        _demand_view(self.shape, self.name)
        return connection_plan(planner, self.field, self.nodes).root()

    def write(self, planner: Planner, writer: Writer) -> Sql:
        _demand_view(self.shape, self.name)
        return writer.page(connection_plan(planner, self.field, self.nodes))


class _Row(Planned):
    def __init__(self, info: GraphQLResolveInfo, shape: Shape, text: str) -> None:
        self.field = info.parent_type.fields[info.field_name]
        self.name, self.nodes, self.shape, self.text = info.field_name, info.field_nodes, shape, text

    def _plan(self, planner: Planner) -> NodePlan:
        _demand_view(self.shape, self.name)
        kind = planner.schema.type_map[self.shape.name]
        assert isinstance(kind, GraphQLObjectType)
        return own_plan(planner, self.shape, kind, self.nodes)

    def by_plan(self, planner: Planner) -> Any:
        plan = self._plan(planner)
        try:
            key = key_of(self.text, self.shape.name)
        except ValueError:
            raise _absent() from None
        found = plan.by_key([key])
        if key not in found:
            raise _absent()
        return found[key]

    def write(self, planner: Planner, writer: Writer) -> Sql:
        plan = self._plan(planner)
        try:
            key = key_of(planner.arguments(self.field, self.nodes[0])["id"], self.shape.name)
        except ValueError as error:
            raise Unfit("no id of such a row") from error
        written = writer.row(plan, key)
        if written is None:
            raise Unfit("no row can be visible")
        return written


def _demand_view(shape: Shape, name: str) -> None:
    if not may_view(shape.resource):
        raise forbidden(shape.resource.permission("view"), (name,))


def _list(_source: Any, info: GraphQLResolveInfo, **_arguments: Any) -> Planned:
    return _List(info)


def _row(_source: Any, info: GraphQLResolveInfo, *, id: str) -> Planned:
    return _Row(info, info.parent_type.fields[info.field_name].extensions["shape"], id)


def _node(_source: Any, info: GraphQLResolveInfo, *, id: str) -> Planned:
    try:
        kind = info.schema.type_map.get(decode(id)[0])
    except ValueError:
        raise _absent() from None
    shape = kind.extensions.get("shape") if kind else None
    if shape is None or not is_on(shape.resource, current()):  # the schema may have more than the tenant
        raise _absent()
    return _Row(info, shape, id)


def _absent() -> ApiError:
    return ApiError(Code.NOT_FOUND, "There is no such record.", field=["id"])
