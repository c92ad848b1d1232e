"""Draw documents over a schema, with their variables, within the rights of the current actor."""

import json
from typing import Any

from graphql import GraphQLEnumType, GraphQLList, get_named_type
from hypothesis import strategies as st
from tessera.context import current
from tessera.graph.shapes import ChildList, ComputedField, Relation
from tessera.resource import resource_of

FALLBACK = {
    "String": ["a", "B", ""],
    "Decimal": ["0", "1.5", "2"],
    "Int": [1, 2, 3],
    "BigInt": ["1", "2"],
    "Float": [1.5],
    "Boolean": [True, False],
    "Date": ["2000-01-01", "2026-02-14"],
    "DateTime": ["2020-01-01T00:00:00Z"],
    "Time": ["09:00:00"],
    "UUID": ["0b7a2f7e-1111-4222-8333-444455556666"],
}


class Name(str):
    """A value of an enum, which is written without quotes."""


class Variable(str):
    """The name of a variable."""


def written(value: Any) -> str:
    """Return a value as a literal of GraphQL."""
    if isinstance(value, Variable):
        return f"${value}"
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


class Documents:
    """Draws documents; `rows` are known by type, so that filters meet them; `ours` are the types to begin with."""

    def __init__(self, draw: Any, schema: Any, rows: dict[str, list[Any]], ours: list[str], computed: bool = True) -> None:
        self.draw, self.schema, self.rows, self.ours, self.computed = draw, schema, rows, ours, computed
        self.shapes = schema.extensions["shapes"]
        self.types: dict[str, str] = {"after": "String", "before": "String"}
        self.variables: dict[str, Any] = {"after": None, "before": None}
        self.cursor = "after"

    def one_of(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def often(self) -> bool:
        return self.draw(st.integers(0, 2)) > 0

    def variable(self, kind: Any, value: Any) -> Any:
        """Return the value itself, or a variable that has it."""
        if self.often():
            return value
        name = Variable(f"v{len(self.types)}")
        self.types[name], self.variables[name] = str(kind), value
        return name

    def document(self) -> str:
        may = current().actor.may
        fields = self.schema.query_type.fields
        shapes = [shape for name in self.ours if may((shape := self.shapes.by_name[name]).resource.permission("view"))]
        if not shapes:
            return "{ __typename }"
        shape = self.one_of(shapes)
        name = shape.resource.plural[:1].lower() + shape.resource.plural[1:]
        body = self.connection(fields[name], 3, root=True)
        used = {name: kind for name, kind in self.types.items() if f"${name}" in body}
        header = ", ".join(f"${name}: {kind}" for name, kind in used.items())
        return f"query({header}) {{ {name}{body} }}"

    def connection(self, field: Any, depth: int, root: bool = False) -> str:
        kind = get_named_type(field.type)
        node = get_named_type(kind.fields["nodes"].type)
        made = []
        if self.often():
            made.append(self.one_of(["nodes", "x: nodes"]) + self.selection(node, depth))
        if self.often():
            made.append("totalCount")
        if not self.often():
            made.append(f"edges {{ {self.one_of(['', 'cursor'])} node " + self.selection(node, depth) + " }")
        if not self.often():
            made.append("pageInfo { hasNextPage p: hasPreviousPage endCursor __typename }")
        if root:
            made.append("edges { cursor } pageInfo { startCursor }")
        return self.arguments(field, node.extensions["shape"], root) + "{ " + (" ".join(made) or "__typename") + " }"

    def arguments(self, field: Any, shape: Any, root: bool) -> str:
        made: dict[str, Any] = {}
        if root or self.often():
            way = self.one_of(["first", "first", "last"])
            made[way] = self.variable("Int", self.draw(st.integers(1, 4)))
            if root:
                self.cursor = "before" if way == "last" else "after"
                made[self.cursor] = Variable(self.cursor)
        if shape.order and self.often():
            may = [n for n, column in shape.order.items() if not column.right or current().actor.may(column.right)]
            orders = [
                {"field": Name(self.order_names(shape)[self.one_of(may)]), "direction": Name(self.one_of(["ASC", "DESC"]))}
                for _ in range(self.draw(st.integers(1, 2)) if may else 0)
            ]
            made["orderBy"] = self.variable(field.args["orderBy"].type, orders)
        if self.often():
            made["filter"] = self.variable(field.args["filter"].type, self.filter(shape, 2))
        if shape.search and not self.often():
            made["search"] = self.one_of(["a", "B", "person"])
        return f"({', '.join(f'{name}: {written(value)}' for name, value in made.items())})" if made else ""

    def order_names(self, shape: Any) -> dict[str, str]:
        values = self.schema.type_map[f"{shape.name}OrderField"].values
        return {each.value: name for name, each in values.items()}

    def filter(self, shape: Any, depth: int) -> dict[str, Any]:
        if depth and not self.often():
            word = self.one_of(["and", "or", "not"])
            if word == "not":
                return {"not": self.filter(shape, depth - 1)}
            return {word: [self.filter(shape, depth - 1) for _ in range(self.draw(st.integers(0, 2)))]}
        may = current().actor.may
        allowed = {n: m for n, m in shape.filters.items() if not m.right or may(m.right)}
        allowed = {n: m for n, m in allowed.items() if not isinstance(m, Relation) or may(m.target.permission("view"))}
        lists = {n: m for n, m in shape.members.items() if isinstance(m, ChildList) and not m.label and n in self.filters(shape)}
        lists = {n: m for n, m in lists.items() if may(m.child.permission("view")) and not (m.right and not may(m.right))}
        if depth and lists and not self.often():
            name, word = self.one_of(sorted(lists)), self.one_of(["some", "none", "every"])
            return {name: {word: self.filter(self.shapes.of(lists[name].child), depth - 1)}}
        if not allowed or not self.often():
            return {"id": {"in": [self.id_of(row) for row in self.rows.get(shape.name, ())[:2]]}}
        name = self.one_of(sorted(allowed))
        if isinstance(allowed[name], Relation):
            return {name: self.filter(self.shapes.of(allowed[name].target), depth - 1) if depth else {}}
        comparison = get_named_type(self.filters(shape)[name].type)
        operator = self.one_of([each for each in comparison.fields if each in _OPERATORS])
        kind = comparison.fields[operator].type
        value = self.value(get_named_type(kind), shape, allowed[name])
        return {name: {operator: [value] if isinstance(kind, GraphQLList) else value}}

    def filters(self, shape: Any) -> dict[str, Any]:
        return self.schema.type_map[f"{shape.name}Filter"].fields

    @staticmethod
    def id_of(row: Any) -> str:
        from tessera.graph.ids import encode

        return encode(resource_of(type(row)).name, row.pk)

    def value(self, leaf: Any, shape: Any, member: Any) -> Any:
        if isinstance(leaf, GraphQLEnumType):
            return Name(self.one_of(leaf.values))
        known = [getattr(row, member.attname) for row in self.rows.get(shape.name, ())] if leaf.name != "Boolean" else []
        values = [leaf.serialize(value) for value in known if value is not None] + FALLBACK[leaf.name]
        return self.one_of(values)

    def may_be_asked(self, field: Any) -> bool:
        """Say whether the reference can resolve a field: of what functions load it knows leaves and rows."""
        if not isinstance(field.extensions["member"], ComputedField):
            return True
        kind = get_named_type(field.type)
        return self.computed and (not hasattr(kind, "fields") or "shape" in kind.extensions)

    def selection(self, kind: Any, depth: int) -> str:
        made: list[str] = []
        names = sorted(name for name, field in kind.fields.items() if self.may_be_asked(field))
        wanted = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
        deep = [name for name in names if "shape" in get_named_type(kind.fields[name].type).extensions]
        if deep and self.often():  # most names are plain columns and lists; what is hidden shows where rows are pointed to
            wanted = list(dict.fromkeys([*wanted, self.one_of(deep)]))
        for name in wanted:
            field = kind.fields[name]
            target = get_named_type(field.type)
            alias = f"a{len(made)}: " if not self.often() else ""
            if not hasattr(target, "fields"):
                made.append(alias + name)
            elif depth:
                nested = target.name.endswith("Connection")
                inner = self.connection(field, depth - 1) if nested else self.selection(target, depth - 1)
                made.append(alias + name + inner)
        if not self.often():
            made.append(f"... on {kind.name} {{ id __typename }}")
        return "{ " + (" ".join(made) or "__typename") + " }"


_OPERATORS = ("eq", "ne", "in", "notIn", "isNull", "gt", "gte", "lt", "lte", "contains", "startsWith")
