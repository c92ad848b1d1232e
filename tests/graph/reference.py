"""The plainest execution there could be: all rows in memory, one resolver per field, no plan.

It shares with the product only the types and the serialisation of leaves. Rights, scopes, filters,
orderings and pages are said again here, in Python, row by row.
"""

import base64
import json
import re
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, execute, get_named_type, parse
from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.build import build
from tessera.graph.ids import encode, key_of
from tessera.graph.shapes import ChildList, Column, ComputedField, Relation
from tessera.resource import resources

SIGNATURE = 12


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

    def run(self, text: str, variables: dict[str, Any] | None = None) -> ExecutionResult:
        """Answer a document from all rows as they were when they were asked for first."""
        return execute(self.schema, parse(text), variable_values=variables)

    def all(self, model: Any) -> list[Any]:
        """Return all rows of a model."""
        if model not in self.rows:
            self.rows[model] = list(model._base_manager.all())
        return self.rows[model]

    def visible(self, shape: Any) -> list[Any]:
        actor = current().actor
        reach = actor.reach(shape.resource.permission("view"))
        scope = shape.resource.scope

        def reached(row: Any, along: Any) -> bool:
            return bool(
                (reach.own and along.owner and actor.member_id and actor.member_id in self.values(row, along.owner))
                or (along.unit and self.values(row, along.unit) & reach.units)
                or (along.company and self.values(row, along.company) & reach.companies)
            )

        def seen(row: Any) -> bool:
            if reach is None:
                return False
            if scope.on_record:
                return self.on_visible_record(row)
            if reach.everything or not (scope.owner or scope.unit or scope.company):
                return True
            if scope.creator and actor.member_id and actor.member_id in self.values(row, scope.creator):
                return True
            return reached(row, scope) or bool(scope.shared and reached(row, scope.shared))

        return [row for row in self.all(shape.model) if seen(row)]

    def on_visible_record(self, row: Any) -> bool:
        actor = current().actor
        for resource in resources(current().modules):
            if resource.label == row.label and not resource.scope.on_record:
                reach, scope = actor.reach(resource.permission("view")), resource.scope
                if reach and (reach.everything or not (scope.owner or scope.unit or scope.company)):
                    return True
                return self.find(self.shapes.of(resource), row.record) is not None
        return False

    def values(self, row: Any, path: str) -> set[Any]:
        """Return what a path leads to from a row; it may follow keys in both directions."""
        rows, (*steps, last) = [row], path.split("__")
        for step in steps:
            relation = rows[0]._meta.get_field(step) if rows else None
            if relation is None:
                return set()
            found = self.all(relation.related_model)
            if relation.concrete:
                keys = {getattr(each, relation.attname) for each in rows}
                rows = [each for each in found if each.pk in keys]
            else:
                keys = {each.pk for each in rows}
                rows = [each for each in found if getattr(each, relation.field.attname) in keys]
        return {getattr(each, each._meta.get_field(last).attname) for each in rows} - {None}

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
                rows = self.visible(child)
                if member.label:
                    may = current().actor.may(child.resource.permission("view"))
                    rows = [each for each in self.all(child.model) if may and each.label == member.label]
                mine = [each for each in rows if getattr(each, member.key) == row.pk] if allowed else []
                return self.page(child, mine, arguments)
            if not allowed:
                return None
            if isinstance(member, Column):
                value = getattr(row, member.attname)
                return None if value == "" and "names" in get_named_type(field.type).extensions else value
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
        total = len(rows)
        for name, down in reversed(self.order(shape, arguments.get("orderBy") or ())):
            rows.sort(key=lambda row, name=name: _greatest(getattr(row, name)), reverse=down)
        after, before, last = arguments.get("after"), arguments.get("before"), arguments.get("last")
        keys = [str(row.pk) for row in rows]
        rows = rows[keys.index(_key_in(after)) + 1 if after else 0 : keys.index(_key_in(before)) if before else None]
        size = arguments.get("first") or last or 50
        cut = rows[-size:] if last else rows[:size]
        info = {
            "hasNextPage": bool(before) if last else len(rows) > size,
            "hasPreviousPage": len(rows) > size if last else bool(after),
        }
        return {"edges": [{"node": row, "cursor": ""} for row in cut], "nodes": cut, "pageInfo": info, "totalCount": total}

    def order(self, shape: Any, asked: Any) -> list[tuple[str, bool]]:
        """Return columns and directions, the key among them."""
        order: list[tuple[str, bool]] = []
        for each in asked:
            if each["field"] not in dict(order):
                order.append((each["field"], each["direction"] == "DESC"))
        for name in () if order else shape.model._meta.ordering:
            try:
                column = shape.model._meta.get_field(name.lstrip("-"))
            except FieldDoesNotExist:
                break
            right = shape.resource.field_rights.get(column.name)
            if column.is_relation or (right and not current().actor.may(right)):
                break
            order.append((column.attname, name.startswith("-")))
        return order if "id" in dict(order) else [*order, ("id", order[-1][1] if order else True)]

    def holds(self, shape: Any, row: Any, condition: dict[str, Any]) -> bool:
        for name, value in condition.items():
            if value is None:
                continue
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


def _key_in(cursor: str) -> str:
    return json.loads(base64.urlsafe_b64decode(cursor)[SIGNATURE:])[-1]


def _compared(left: Any, operator: str, right: Any) -> bool:
    if right is None:
        return True
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
    return {
        "eq": lambda: left == right,
        "gt": lambda: left > right,
        "gte": lambda: left >= right,
        "lt": lambda: left < right,
        "lte": lambda: left <= right,
    }[operator]()
