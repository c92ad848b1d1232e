"""What an operation costs, in points: asked for before it runs, and as it turned out.

A leaf is free, an object costs 1, a list 2 and its rows times what one of them costs, rows in groups 20 and 1 for each
group, since all of them are read, a mutation 10 more (one that does something for several items 10 for each of them) and
1 for each item of the lists that it is given. A list whose length nobody asked for counts as `UNSAID` items, one in what
such a mutation answers as often as it has items.
What is asked for is found from the document and its variables alone, so a request beyond its budget is
refused before any SQL; what was not used of it is given back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.values import get_argument_values

from tessera.graph.aggregate_types import MOST_GROUPS, USUAL_GROUPS
from tessera.graph.paging import MOST, USUAL

OBJECT, LIST, MUTATION, UNSAID, AGGREGATE = 1, 2, 10, 10, 20


@dataclass
class Spent:
    """What a request has used so far: `objects` and `lists` that were answered."""

    objects: int = 0
    lists: int = 0
    mutations: int = 0
    aggregates: int = 0

    @property
    def points(self) -> int:
        return self.objects * OBJECT + self.lists * LIST + self.mutations * MUTATION + self.aggregates * AGGREGATE


_spent: ContextVar[Spent | None] = ContextVar("tessera_graph_spent", default=None)


@contextmanager
def counting() -> Iterator[Spent]:
    """Count what is answered inside."""
    spent = Spent()
    token = _spent.set(spent)
    try:
        yield spent
    finally:
        _spent.reset(token)


def spend(*, objects: int = 0, lists: int = 0, aggregates: int = 0, mutations: int = 0) -> None:
    """Note objects and lists that were answered, rows that were grouped, and what was done beyond once for each root field."""
    if spent := _spent.get():
        spent.objects += objects
        spent.lists += lists
        spent.aggregates += aggregates
        spent.mutations += mutations


class Estimate:
    """The cost of one operation by its document; `context` is graphql-core's, with the variables' values in it."""

    def __init__(self, context: Any) -> None:
        self.schema, self.fragments, self.variables = context.schema, context.fragments, context.variable_values
        self.unsaid = UNSAID

    def of(self, operation: OperationDefinitionNode) -> int:
        """Return the most that the operation can cost."""
        root = self.schema.get_root_type(operation.operation)
        fields = collect_fields(self.schema, self.fragments, self.variables, root, operation.selection_set)
        if operation.operation is not OperationType.MUTATION:
            return self._fields(root, fields)
        return sum(self._mutation(root, nodes) for nodes in fields.values())

    def _mutation(self, root: GraphQLObjectType, nodes: list[FieldNode]) -> int:
        name = nodes[0].name.value
        if name.startswith("__"):
            return MUTATION
        given = get_argument_values(root.fields[name], nodes[0], self.variables)
        items = root.fields[name].extensions.get("items")
        times = len(given[items]) if items else 1
        self.unsaid = max(times, UNSAID) if items else UNSAID
        return MUTATION * max(times, 1) + _length(given) + self._field(root, nodes)

    def _fields(self, kind: GraphQLObjectType, fields: dict[str, list[FieldNode]]) -> int:
        return sum(self._field(kind, nodes) for nodes in fields.values())

    def _field(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> int:
        if nodes[0].selection_set is None or nodes[0].name.value.startswith("__"):
            return 0
        field = kind.fields[nodes[0].name.value]
        if "aggregate" in field.extensions:
            return LIST + AGGREGATE + OBJECT * self._size(kind, nodes[0], USUAL_GROUPS, MOST_GROUPS)
        if pages := field.extensions.get("searches"):
            return LIST + AGGREGATE + self._size(kind, nodes[0], *pages) * self._hit(get_named_type(field.type), nodes)
        return self._value(field.type, nodes, self._page(kind, nodes[0]))

    def _page(self, kind: GraphQLObjectType, node: FieldNode) -> int:
        return self._size(kind, node, USUAL, MOST)

    def _size(self, kind: GraphQLObjectType, node: FieldNode, usual: int, most: int) -> int:
        arguments = {each.name.value: each for each in node.arguments}
        if not arguments.keys() & {"first", "last"}:
            return usual
        given = get_argument_values(kind.fields[node.name.value], node, self.variables)
        size = given.get("first") or given.get("last") or usual
        return min(max(size, 1), most) if isinstance(size, int) else usual

    def _value(self, kind: GraphQLOutputType, nodes: list[FieldNode], page: int) -> int:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, nodes, page)
        if isinstance(kind, GraphQLList):
            return LIST + self.unsaid * self._value(kind.of_type, nodes, page)
        if isinstance(kind, GraphQLInterfaceType):
            return OBJECT + max((self._inside(each, nodes) for each in self._named(nodes)), default=0)
        if not isinstance(kind, GraphQLObjectType):
            return 0
        if "page_of" in kind.extensions:
            return LIST + page * self._rows(kind, nodes)
        return OBJECT + self._inside(kind, nodes)

    def _hit(self, kind: Any, nodes: list[FieldNode]) -> int:
        """Return the cost of one row that a search of everything finds."""
        found = collect_sub_fields(self.schema, self.fragments, self.variables, kind, nodes).values()
        rows = [each for each in found if each[0].name.value == "nodes"]
        return sum(self._value(get_named_type(kind.fields["nodes"].type), each, 0) for each in rows)

    def _inside(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> int:
        return self._fields(kind, collect_sub_fields(self.schema, self.fragments, self.variables, kind, nodes))

    def _rows(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> int:
        """Return the cost of one row of a page: its node, wherever it is asked for."""
        points = 0
        for found in collect_sub_fields(self.schema, self.fragments, self.variables, kind, nodes).values():
            name = found[0].name.value
            inner = get_named_type(kind.fields[name].type) if name in ("nodes", "edges") else None
            if isinstance(inner, GraphQLObjectType):
                points += OBJECT + self._inside(inner, found) if name == "nodes" else self._inside(inner, found)
        return points

    def _named(self, nodes: list[FieldNode]) -> Iterator[GraphQLObjectType]:
        """Yield the types that a selection on an interface names."""
        waiting: list[Any] = [node.selection_set for node in nodes]
        seen: set[str] = set()
        while waiting:
            for each in waiting.pop().selections:
                name = getattr(each, "name", None)
                if isinstance(each, FieldNode) or (name and name.value in seen):
                    continue
                if name:
                    seen.add(name.value)
                inner: Any = self.fragments[name.value] if name else each
                kind = self.schema.get_type(inner.type_condition.name.value) if inner.type_condition else None
                if isinstance(kind, GraphQLObjectType):
                    yield kind
                waiting.append(inner.selection_set)


def _length(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_length(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return len(value) + sum(_length(each) for each in value)
    return 0
