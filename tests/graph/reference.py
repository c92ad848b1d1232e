"""The plainest execution there could be: all rows in memory, one resolver per field, no plan.

It shares with the product only the types and the serialisation of leaves. Rights, scopes, filters,
orderings and pages are said again here, in Python, row by row.
"""

import re
from decimal import Decimal
from typing import Any

from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, execute, get_named_type, parse
from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.build import build
from tessera.graph.ids import encode, key_of
from tessera.graph.shapes import ChildList, Column, ComputedField, Relation


class Reference:
    """A schema whose every field is resolved by itself."""

    def __init__(self, modules: frozenset[str]) -> None:
        self.schema: GraphQLSchema = build(modules)
        self.shapes = self.schema.extensions["shapes"]
        self.rows: dict[Any, list[Any]] = {}
        for kind in self.schema.type_map.values():
            if isinstance(kind, GraphQLObjectType) and "shape" in kind.extensions:
                for name, field in kind.fields.items():
                    field.resolve = self._member(kind, name, field)
        for field in self.schema.query_type.fields.values():
            if get_named_type(field.type).name.endswith("Connection"):
                field.resolve = self._root(field.extensions["shape"])

    def run(self, text: str) -> ExecutionResult:
        """Answer a document from all rows as they are now."""
        self.rows = {shape.model: list(shape.model.objects.all()) for shape in self.shapes}
        return execute(self.schema, parse(text))

    def visible(self, shape: Any) -> list[Any]:
        actor = current().actor
        reach = actor.reach(shape.resource.permission("view"))
        scope = shape.resource.scope

        def seen(row: Any) -> bool:
            if reach is None:
                return False
            if reach.everything or not (scope.owner or scope.unit or scope.company):
                return True
            return bool(
                (reach.own and scope.owner and getattr(row, scope.owner) == actor.member_id and actor.member_id)
                or (scope.unit and getattr(row, scope.unit) in reach.units)
                or (scope.company and getattr(row, scope.company) in reach.companies)
            )

        return [row for row in self.rows[shape.model] if seen(row)]

    def _root(self, shape: Any) -> Any:
        def resolve(_source: Any, info: Any, **arguments: Any) -> Any:
            if not current().actor.may(shape.resource.permission("view")):
                raise ApiError(Code.FORBIDDEN, "no")
            return self.page(shape, self.visible(shape), arguments)

        return resolve

    def _member(self, kind: Any, name: str, field: Any) -> Any:
        member = field.extensions["member"]

        def resolve(row: Any, info: Any, **arguments: Any) -> Any:
            if member is None:
                return encode(kind.name, row.pk)
            allowed = not member.right or current().actor.may(member.right)
            if isinstance(member, ChildList):
                child = self.shapes.of(member.child)
                mine = [each for each in self.visible(child) if getattr(each, member.key) == row.pk] if allowed else []
                return self.page(child, mine, arguments)
            if not allowed:
                return None
            if isinstance(member, Column):
                return getattr(row, member.attname)
            if isinstance(member, Relation):
                return self.find(self.shapes.of(member.target), getattr(row, member.attname))
            assert isinstance(member, ComputedField)
            value = member.computed.load(ids=[row.pk]).get(row.pk)
            shape = get_named_type(field.type).extensions.get("shape")
            return self.find(shape, value.pk) if shape and value is not None else value

        return resolve

    def find(self, shape: Any, key: Any) -> Any:
        return next((row for row in self.visible(shape) if row.pk == key), None)

    def page(self, shape: Any, rows: list[Any], arguments: dict[str, Any]) -> Any:
        rows = [row for row in rows if self.holds(shape, row, arguments.get("filter") or {})]
        if text := arguments.get("search"):
            columns = [column for column in shape.search if not column.right or current().actor.may(column.right)]
            rows = [row for row in rows if any(_begins_a_word(text.lower(), getattr(row, c.attname)) for c in columns)]
        order: list[tuple[str, bool]] = []
        for each in arguments.get("orderBy") or ():
            if each["field"] not in dict(order):
                order.append((each["field"], each["direction"] == "DESC"))
        order = order or [(name.lstrip("-"), name.startswith("-")) for name in shape.model._meta.ordering]
        order.append(("id", order[-1][1] if order else True))
        for name, down in reversed(order):
            rows.sort(key=lambda row, name=name: _greatest(getattr(row, name)), reverse=down)
        size = arguments.get("first") or arguments.get("last") or 50
        cut = rows[-size:] if arguments.get("last") else rows[:size]
        info = {
            "hasNextPage": not arguments.get("last") and len(rows) > size,
            "hasPreviousPage": bool(arguments.get("last")) and len(rows) > size,
        }
        return {"edges": [{"node": row} for row in cut], "nodes": cut, "pageInfo": info, "totalCount": len(rows)}

    def holds(self, shape: Any, row: Any, condition: dict[str, Any]) -> bool:
        for name, value in condition.items():
            if name in ("and", "or"):
                found = (all if name == "and" else any)(self.holds(shape, row, each) for each in value)
            elif name == "not":
                found = not self.holds(shape, row, value)
            elif name == "id":
                found = row.pk in [key_of(each, shape.name) for each in value["in"]]
            elif isinstance(member := shape.members.get(name), ChildList):
                child = self.shapes.of(member.child)
                mine = [each for each in self.visible(child) if getattr(each, member.key) == row.pk]
                asked = {"some": any, "every": all, "none": lambda held: not any(held)}
                found = all(asked[word]([self.holds(child, each, inner) for each in mine]) for word, inner in value.items())
            elif isinstance(member := shape.filters[name], Relation):
                target = self.shapes.of(member.target)
                other = self.find(target, getattr(row, member.attname))
                found = other is not None and self.holds(target, other, value)
            else:
                found = all(_compared(getattr(row, member.attname), operator, right) for operator, right in value.items())
            if not found:
                return False
        return True


def _begins_a_word(word: str, text: str) -> bool:
    return any(each.startswith(word) for each in re.split(r"[^0-9a-z]+", text.lower()))


def _greatest(value: Any) -> Any:
    return (value is None, value if value is not None else 0)


def _compared(left: Any, operator: str, right: Any) -> bool:
    if operator == "isNull":
        return (left is None) == right
    if operator == "ne":
        return left != right
    if operator == "notIn":
        return left not in right
    if left is None:
        return False
    if operator == "in":
        return left in right
    if operator in ("contains", "startsWith"):
        left, right = left.lower(), right.lower()
        return right in left if operator == "contains" else left.startswith(right)
    left = left if not isinstance(left, Decimal) else Decimal(left)
    return {"eq": left == right, "gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[operator]
