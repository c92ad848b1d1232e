"""Counts, sums, averages and ranges over the rows that the reader may see, in groups, by one statement.

Whoever may not read a column may neither group by it nor measure it. Amounts are never added up over currencies: they
are measured in groups of one currency, or where the filter leaves one.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Sum,
    When,
)
from django.db.models.expressions import OrderBy
from django.db.models.functions import Trunc
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, get_named_type

from tessera.context import current
from tessera.graph import scalars
from tessera.graph.aggregate_types import (
    COUNT,
    MOST_GROUPS,
    MOST_KEYS,
    NUMBERS,
    USUAL_GROUPS,
    Key,
    aggregate_arguments,
    currency_path,
    group_type,
    keys_of,
    measures_of,
    orders_of,
)
from tessera.graph.cost import spend
from tessera.graph.definitions import Field, list_of
from tessera.graph.execute import Finished
from tessera.graph.filters import Conditions, bad, forbidden
from tessera.graph.ids import encode
from tessera.graph.names import constant, lower_first
from tessera.graph.plan import Planner
from tessera.graph.registry import Registry
from tessera.graph.shapes import Relation, Shape
from tessera.resource import Resource, camel, resource_of
from tessera.scope import may_view, scoped, visible

FUNCTIONS: dict[str, type[Aggregate]] = {"sum": Sum, "avg": Avg, "min": Min, "max": Max}
MOST_ORDERS = 5


def aggregate_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return a root field for the groups of each resource that can be grouped or measured."""
    made: dict[str, GraphQLField] = {}
    for shape in registry.shapes:
        if not (keys_of(shape) or measures_of(shape)):
            continue
        name = f"{lower_first(shape.resource.plural)}Aggregate"
        if name in made:
            raise ImproperlyConfigured(f"{shape.name} needs another plural: {name} is a root field already")
        made[name] = Field(
            list_of(group_type(registry, shape)),
            aggregate_arguments(registry, shape),
            resolve=_resolve,
            description="The rows that you may see, in groups, counted and measured.",
            extensions={"aggregate": shape},
        )
    return made


def _resolve(_source: Any, info: GraphQLResolveInfo, **_arguments: Any) -> Finished:
    field = info.parent_type.fields[info.field_name]
    shape: Shape = field.extensions["aggregate"]
    if not may_view(shape.resource):
        raise forbidden(shape.resource.permission("view"), (info.field_name,))
    planner = Planner(info)
    arguments = planner.arguments(field, info.field_nodes[0])
    return Finished(Groups(planner, shape, arguments).read(get_named_type(field.type), info.field_nodes))


class Groups:
    """One selection on the groups of a resource: what is grouped by, measured, ordered and limited."""

    def __init__(self, planner: Planner, shape: Shape, arguments: dict[str, Any]) -> None:
        self.planner, self.shape, self.arguments = planner, shape, arguments
        self.by = list(dict.fromkeys(arguments.get("groupBy") or ()))
        self.measured: dict[str, Aggregate] = {}
        if len(self.by) > MOST_KEYS:
            raise bad(f"Rows are grouped by at most {MOST_KEYS} things.", ("groupBy",))
        self.size = arguments.get("first")
        self.size = USUAL_GROUPS if self.size is None else self.size
        if not 1 <= self.size <= MOST_GROUPS:
            raise bad(f"There are 1 to {MOST_GROUPS} groups at once.", ("first",))

    def read(self, kind: Any, nodes: Any) -> list[dict[str, Any]]:
        """Return the finished groups."""
        keys = keys_of(self.shape)
        grouped = {f"by_{at}": self._grouped(keys[name], ("groupBy", str(at))) for at, name in enumerate(self.by)}
        wanted = [(each, name, found) for each, name, found in self.planner.selected(kind, nodes)]
        parts = [(each, self._part(kind, name, found)) for each, name, found in wanted]
        ordering = self._ordering()
        conditions = Conditions(self.planner.shapes)
        rows = scoped(self.shape.resource).order_by()
        if self.arguments.get("filter"):
            rows = rows.filter(conditions.of(self.shape, self.arguments["filter"]))
        if self.arguments.get("search"):
            rows = rows.filter(conditions.search(self.shape, self.arguments["search"]))
        measured = {COUNT: Count("pk"), **self.measured}
        groups = rows.values(**grouped).annotate(**measured).order_by(*ordering)[: self.size]
        found = list(groups) if self.by else [rows.aggregate(**measured)]
        spend(lists=1, objects=len(found), aggregates=1)
        return [{each: make(row) for each, make in parts} for row in found]

    def _grouped(self, key: Key, path: tuple[str, ...]) -> Any:
        """Return the expression of a key, after its rights; what the reader may not see groups as null."""
        if key.member is None:
            return self._along(key.path, F(key.path), path)
        if key.member.right and not current().actor.may(key.member.right):
            raise forbidden(key.member.right, path)
        if isinstance(key.member, Relation):
            if not may_view(key.member.target):
                raise forbidden(key.member.target.permission("view"), path)
            seen = key.member.join and visible(key.member.target) is None
            return F(key.member.attname) if seen else _where_visible(key.member.target, key.member.attname, key.member.attname)
        if not key.part:
            return F(key.member.attname)
        zone = current().tenant.zone if isinstance(key.member.field, DateTimeField) else None
        return Trunc(key.member.attname, key.part, output_field=DateField(), tzinfo=zone)

    def _along(self, path: str, expression: Any, place: tuple[str, ...]) -> Any:
        """Return an expression that is null where the reader may not see a row on the way along a path, after its rights."""
        model: Any = self.shape.model
        *steps, last = path.split("__")
        way = ""
        for at, step in enumerate([*steps, last]):
            resource = resource_of(model)
            if resource is None:
                raise ImproperlyConfigured(f"{path} leads through {model._meta.label}, which has no resource")
            right = resource.field_rights.get(step, "")
            if right and not current().actor.may(right):
                raise forbidden(right, place)
            if at and not may_view(resource):
                raise forbidden(resource.permission("view"), place)
            if at and visible(resource) is not None:
                expression = _where_visible(resource, way, expression)
            if at < len(steps):
                way = f"{way}__{step}" if way else step
                model = model._meta.get_field(step).related_model
        return expression

    def _part(self, kind: GraphQLObjectType, name: str, nodes: Any) -> Callable[[dict[str, Any]], Any]:
        if name == "__typename":
            return lambda row: kind.name
        if name == COUNT:
            return lambda row: row[COUNT]
        inner = get_named_type(kind.fields[name].type)
        assert isinstance(inner, GraphQLObjectType)
        made = [(each, self._value(inner, name, found_name)) for each, found_name, _ in self.planner.selected(inner, nodes)]
        return lambda row: {each: value(row) for each, value in made}

    def _value(self, kind: GraphQLObjectType, word: str, name: str) -> Callable[[dict[str, Any]], Any]:
        if name == "__typename":
            return lambda row: kind.name
        if word == "key":
            return self._key_value(kind, name)
        place = self._measure(word, name, (word, name))
        convert = scalars.leaf(get_named_type(kind.fields[name].type))
        assert convert
        return lambda row: None if row[place] is None else convert(row[place])

    def _key_value(self, kind: GraphQLObjectType, name: str) -> Callable[[dict[str, Any]], Any]:
        if name not in self.by:
            return lambda row: None
        place, member = f"by_{self.by.index(name)}", keys_of(self.shape)[name].member
        leaf = get_named_type(kind.fields[name].type)
        convert: Callable[[Any], Any] | None = scalars.leaf(leaf)
        if isinstance(member, Relation):
            target = member.target.name
            return lambda row: None if row[place] is None else encode(target, row[place])
        if names := leaf.extensions.get("names"):
            return lambda row: names[row[place]] if row[place] else None
        return lambda row: row[place] if row[place] is None or convert is None else convert(row[place])

    def _measure(self, word: str, name: str, path: tuple[str, ...]) -> str:
        """Return under which name a measure is read, after its rights, and for an amount that it is in one currency."""
        column = measures_of(self.shape)[name]
        if column.right and not current().actor.may(column.right):
            raise forbidden(column.right, path)
        currency = currency_path(self.shape, column)
        key = camel(currency.replace("__", "_"))
        if currency and key not in self.by and not pins(self.arguments.get("filter") or {}, currency):
            raise bad(f"Amounts have no {word} over currencies: group by {constant(key)}, or filter by one.", path)
        place = f"{word}_{name}"
        if place not in self.measured:
            number = scalars.of_column(column.field) in NUMBERS
            output = {"output_field": DecimalField(max_digits=40, decimal_places=12)} if number else {}
            # Where the currency is hidden, amounts in any currency would meet.
            value = self._along(currency, F(column.attname), path) if currency else F(column.attname)
            self.measured[place] = FUNCTIONS[word](value, **output)
        return place

    def _ordering(self) -> list[OrderBy]:
        """Return the ORDER BY: what is asked, then the keys, so that a limit cuts the same groups each time."""
        asked = self.arguments.get("orderBy") or ()
        if len(asked) > MOST_ORDERS:
            raise bad(f"At most {MOST_ORDERS} orderings.", ("orderBy",))
        made: dict[str, OrderBy] = {}
        for at, each in enumerate(asked):
            word, name = orders_of(self.shape)[each["field"]]
            path, down = ("orderBy", str(at), "field"), each.get("direction") == "DESC"
            if word == "key":
                if name not in self.by:
                    raise bad("Groups are ordered by what they are grouped by, or by a measure.", path)
                place = f"by_{self.by.index(name)}"
                made.setdefault(place, OrderBy(F(place), descending=down))
            else:
                place = COUNT if word == COUNT else self._measure(word, name, path)
                made.setdefault(place, OrderBy(F(place), descending=down, nulls_last=True))
        rest = (f"by_{at}" for at in range(len(self.by)))
        return [*made.values(), *(OrderBy(F(place)) for place in rest if place not in made)]


def _where_visible(target: Resource, key: str, expression: Any) -> Case:
    """Return an expression that is null where the reader may not see the row that the path `key` leads to."""
    return Case(When(Exists(scoped(target).filter(pk=OuterRef(key)).order_by()), then=expression))


def pins(condition: dict[str, Any], path: str) -> bool:
    """Say whether a filter lets only rows with one value at the end of a path through."""
    name, _, rest = path.partition("__")
    inner = condition.get(camel(name)) or {}
    if any(pins(each, path) for each in condition.get("and") or ()):
        return True
    if rest:
        return pins(inner, rest)
    return inner.get("eq") is not None or len(inner.get("in") or ()) == 1
