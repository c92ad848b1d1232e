"""What the rows of a list can be grouped by and measured by, and the types that say so."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from tessera.fields import AmountField, PriceField, RateField
from tessera.graph import filter_types, scalars
from tessera.graph.definitions import (
    Argument,
    EnumType,
    Field,
    InputField,
    InputObjectType,
    ObjectType,
    argument,
    enum_value,
    input_field,
    list_of,
    plain,
    required,
)
from tessera.graph.names import constant
from tessera.graph.registry import Registry
from tessera.graph.shapes import Column, Relation, Shape
from tessera.resource import camel

PARTS = ("year", "quarter", "month", "week", "day")
NUMBERS = (scalars.Number, scalars.BigInt, GraphQLInt, GraphQLFloat)
MOMENTS = (scalars.Date, scalars.DateTime)
PLAIN = (GraphQLString, GraphQLInt, GraphQLBoolean, scalars.Date)
COUNT = "count"
SUMS, RANGES = ("sum", "avg"), ("min", "max")
USUAL_GROUPS, MOST_GROUPS, MOST_KEYS = 100, 1000, 5


@dataclass(frozen=True, eq=False)
class Key:
    """What rows can be grouped by: a column, the row that a relation points to, or a column at the end of `path`."""

    name: str
    member: Column | Relation | None = None
    part: str = ""
    path: str = ""


def keys_of(shape: Shape) -> dict[str, Key]:
    """Return what the rows of a resource can be grouped by: what is shown and filtered, unless it is an amount, and currencies."""
    found: dict[str, Key] = {}
    for name, member in shape.filters.items():
        if name not in shape.members:
            continue
        if isinstance(member, Relation):
            found[f"{name}Id"] = Key(f"{name}Id", member)
            continue
        if isinstance(member.field, ArrayField):
            continue
        leaf = scalars.of_column(member.field)
        if leaf in PLAIN:
            found[name] = Key(name, member)
        if leaf in MOMENTS:
            parts = PARTS if leaf is scalars.DateTime else PARTS[:-1]  # a date is a day already
            found |= {each: Key(each, member, part) for part in parts for each in (name + part.capitalize(),)}
    for measure in measures_of(shape).values():
        path = currency_path(shape, measure)
        if path and (name := camel(path.replace("__", "_"))) not in found:
            found[name] = Key(name, path=path)
    return found


def measures_of(shape: Shape) -> dict[str, Column]:
    """Return the columns of a resource that have sums or ranges: its numbers, dates and moments; a rate has none."""
    found = {name: member for name, member in shape.members.items() if isinstance(member, Column) and name != "version"}
    return {
        name: member
        for name, member in found.items()
        if not isinstance(member.field, (ArrayField, RateField))
        and scalars.of_column(member.field) in (*NUMBERS, *MOMENTS)
        and (not is_amount(member.field) or currency_path(shape, member))
    }


def is_amount(column: models.Field) -> bool:
    """Say whether a column is money, which has a sum in one currency only."""
    return isinstance(column, (AmountField, PriceField))


def currency_path(shape: Shape, measure: Column) -> str:
    """Return where the currency of an amount is; "" for what is no amount, and for an amount whose currency nobody knows."""
    return shape.resource.currencies.get(measure.field.name, "") if is_amount(measure.field) else ""


def column_at(model: type[models.Model], path: str) -> models.Field:
    """Return the column at the end of a path."""
    *steps, last = path.split("__")
    for step in steps:
        related = model._meta.get_field(step).related_model
        if related is None or isinstance(related, str):
            raise FieldDoesNotExist(path)
        model = related
    return model._meta.get_field(last)  # type: ignore[return-value]


def group_type(registry: Registry, shape: Shape) -> GraphQLObjectType:
    """Return the type of a group of rows."""

    def fields() -> dict[str, GraphQLField]:
        made = {COUNT: plain(required(GraphQLInt))}
        if keys_of(shape):
            made["key"] = Field(required(_key_type(registry, shape)), description="What the rows have in common.")
        numbers = _measured(registry, shape, "Sums", NUMBERS)
        if numbers:
            made |= {each: plain(required(numbers)) for each in SUMS}
        if ranges := _measured(registry, shape, "Ranges", (*NUMBERS, *MOMENTS)):
            made |= {each: plain(required(ranges)) for each in RANGES}
        return made

    name = f"{shape.name}Group"
    text = "Rows that have something in common, counted and measured."
    return registry.once(name, ("group", shape.model), lambda: ObjectType(name, fields, description=text))


def _key_type(registry: Registry, shape: Shape) -> GraphQLObjectType:
    name = f"{shape.name}GroupKey"

    def fields() -> dict[str, GraphQLField]:
        return {each: plain(_key_leaf(registry, shape, key)) for each, key in keys_of(shape).items()}

    text = "What is not grouped by is null, and so is a row that you may not see. A part of time is its first day."
    return registry.once(name, ("group key", shape.model), lambda: ObjectType(name, fields, description=text))


def _key_leaf(registry: Registry, shape: Shape, key: Key) -> Any:
    if isinstance(key.member, Relation):
        return GraphQLID
    if key.member is None:
        return GraphQLString
    return scalars.Date if key.part else registry.leaf_of(key.member, shape.name)


def _measured(registry: Registry, shape: Shape, suffix: str, kinds: tuple[Any, ...]) -> GraphQLObjectType | None:
    """Return the type with a value for each measure of these kinds; numbers are decimals, whatever the column."""
    leaves = {each: scalars.of_column(column.field) for each, column in measures_of(shape).items()}
    wanted = {each: leaf if leaf in MOMENTS else scalars.Number for each, leaf in leaves.items() if leaf in kinds}
    name = f"{shape.name}{suffix}"

    def fields() -> dict[str, GraphQLField]:
        return {each: plain(leaf) for each, leaf in wanted.items()}

    return registry.once(name, (suffix, shape.model), lambda: ObjectType(name, fields)) if wanted else None


def aggregate_arguments(registry: Registry, shape: Shape) -> dict[str, GraphQLArgument]:
    """Return the arguments of the groups of a resource."""
    keys, name = keys_of(shape), f"{shape.name}GroupField"
    made = {
        "first": Argument(GraphQLInt, description=f"At most {MOST_GROUPS} groups; {USUAL_GROUPS} where nothing is said."),
        "filter": argument(filter_types.filter_type(registry, shape)),
        "orderBy": argument(list_of(_order_type(registry, shape))),
    }
    if keys:
        values = {constant(each): enum_value(each) for each in keys}
        by = registry.once(name, ("group field", shape.model), lambda: EnumType(name, values))
        made["groupBy"] = argument(list_of(by))
    if shape.search:
        made["search"] = argument(GraphQLString)
    return made


def orders_of(shape: Shape) -> dict[str, tuple[str, str]]:
    """Return what groups can be ordered by, as name -> (`key`, `count`, `sum` ..., and of what)."""
    found = {COUNT: (COUNT, "")} | {each: ("key", each) for each in keys_of(shape)}
    for each, column in measures_of(shape).items():
        words = RANGES if scalars.of_column(column.field) in MOMENTS else (*SUMS, *RANGES)
        found |= {f"{word}_{each}": (word, each) for word in words}
    return found


def _order_type(registry: Registry, shape: Shape) -> GraphQLInputObjectType:
    field_name, name = f"{shape.name}GroupOrderField", f"{shape.name}GroupOrderBy"

    def fields() -> dict[str, GraphQLInputField]:
        values = {constant(each): enum_value(each) for each in orders_of(shape)}
        kind = registry.once(field_name, ("group order field", shape.model), lambda: EnumType(field_name, values))
        return {
            "field": input_field(required(kind)),
            "direction": InputField(filter_types.Direction, default_value="ASC"),
        }

    return registry.once(name, ("group order", shape.model), lambda: InputObjectType(name, fields))
