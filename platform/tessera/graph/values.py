"""Plans for what services and selectors return: leaves, lists, dataclasses, and rows of resources.

Rows in such values are only taken by their key: the row that a client gets is read again, with its
scope and its field rights, all rows of one place in one statement.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
)

from tessera.graph import scalars
from tessera.graph.cost import spend
from tessera.graph.plan import NodePlan, Planner, own_plan


class ValuePlan:
    """How values of one type become JSON: `gather` sees all of them first, then `render` each."""

    def gather(self, value: Any) -> None:
        """Note what rendering `value` will need."""

    def load(self) -> None:
        """Read what was noted."""

    def render(self, value: Any) -> Any:
        raise NotImplementedError

    def render_all(self, values: list[Any]) -> list[Any]:
        """Return all values as JSON."""
        for value in values:
            if value is not None:
                self.gather(value)
        self.load()
        return [None if value is None else self.render(value) for value in values]


class LeafPlan(ValuePlan):
    """A scalar or enum value."""

    def __init__(self, convert: Callable[[Any], Any] | None) -> None:
        self.convert = convert

    def render(self, value: Any) -> Any:
        return value if self.convert is None else self.convert(value)


class ListPlan(ValuePlan):
    """A list; rows in it that the actor may not see are left out."""

    def __init__(self, item: ValuePlan) -> None:
        self.item = item

    def gather(self, value: Any) -> None:
        for each in value:
            self.item.gather(each)

    def load(self) -> None:
        self.item.load()

    def render(self, value: Any) -> Any:
        made = [self.item.render(each) for each in value]
        return [each for each in made if each is not None] if isinstance(self.item, RowPlan) else made


class RowPlan(ValuePlan):
    """A row of a resource, or its key."""

    def __init__(self, plan: NodePlan) -> None:
        self.plan = plan
        self.wanted: set[UUID] = set()
        self.found: dict[UUID, Any] = {}

    def gather(self, value: Any) -> None:
        self.wanted.add(value.pk)

    def load(self) -> None:
        self.found = self.plan.by_key(self.wanted)

    def render(self, value: Any) -> Any:
        return self.found.get(value.pk)


class ObjectPlan(ValuePlan):
    """An object made from attributes."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str, ValuePlan, bool]] = []
        self.constants: dict[str, Any] = {}

    def gather(self, value: Any) -> None:
        for _, attribute, plan, _ in self.parts:
            inner = getattr(value, attribute)
            if inner is not None:
                plan.gather(inner)

    def load(self) -> None:
        for _, _, plan, _ in self.parts:
            plan.load()

    def render(self, value: Any) -> Any:
        spend(objects=1)
        made = dict(self.constants)
        for name, attribute, plan, required in self.parts:
            inner = getattr(value, attribute)
            if inner is None and required:
                raise TypeError(f"{type(value).__name__}.{attribute} is None, which its annotation excludes")
            made[name] = None if inner is None else plan.render(inner)
        return made


def value_plan(planner: Planner, kind: GraphQLOutputType, nodes: list[FieldNode]) -> ValuePlan:
    """Plan the selection on a value of the GraphQL type `kind`."""
    if isinstance(kind, GraphQLNonNull):
        return value_plan(planner, kind.of_type, nodes)
    if isinstance(kind, GraphQLList):
        return ListPlan(value_plan(planner, kind.of_type, nodes))
    if isinstance(kind, GraphQLObjectType):
        if shape := kind.extensions.get("shape"):
            return RowPlan(own_plan(planner, shape, kind, nodes))
        return _object(planner, kind, nodes)
    if isinstance(kind, GraphQLEnumType):
        names = kind.extensions["names"]
        return LeafPlan(lambda value: names[str(value.value if isinstance(value, Enum) else value)])
    assert isinstance(kind, GraphQLScalarType)
    return LeafPlan(scalars.leaf(kind))


def _object(planner: Planner, kind: GraphQLObjectType, nodes: list[FieldNode]) -> ObjectPlan:
    plan = ObjectPlan()
    for key, name, found in planner.selected(kind, nodes):
        if name == "__typename":
            plan.constants[key] = kind.name
            continue
        field = kind.fields[name]
        required = isinstance(field.type, GraphQLNonNull)
        plan.parts.append((key, field.extensions["attribute"], value_plan(planner, field.type, found), required))
    return plan
