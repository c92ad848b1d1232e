"""The input types of filters and orderings."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLString,
)

from tessera.custom.selectors import OPERATORS, SHOWN_AS
from tessera.graph import scalars
from tessera.graph.definitions import EnumType, InputField, InputObjectType, enum_value, input_field, list_of, required
from tessera.graph.names import constant
from tessera.graph.registry import Registry
from tessera.graph.shapes import ChildList, Column, Shape
from tessera.resource import camel

TAGS = "tags"
SOME, NONE, EVERY = "some", "none", "every"
ORDERED = (scalars.Number, scalars.BigInt, scalars.Date, scalars.DateTime, scalars.Time)
OPERANDS = {  # of texts, what is not plain
    "contains": "A part, in any case. Reads every row that the other conditions leave: for words, `search` is indexed.",
    "startsWith": "The beginning, in any case. Reads every row that the other conditions leave.",
    "ne": "Another value, or none.",
    "notIn": "None of these values; rows without a value are found.",
}

Direction = EnumType("Direction", {"ASC": enum_value("ASC"), "DESC": enum_value("DESC")})


def comparison(registry: Registry, leaf: GraphQLScalarType | GraphQLEnumType) -> GraphQLInputObjectType:
    """Return the input that compares values of a scalar or enum."""
    name = f"{leaf.name}Comparison"

    def make() -> GraphQLInputObjectType:
        several = list_of(leaf)
        operators: dict[str, Any] = {"eq": leaf, "ne": leaf, "in": several, "notIn": several, "isNull": GraphQLBoolean}
        if leaf.name in ("Int", "Float") or leaf in ORDERED:
            operators |= {"gt": leaf, "gte": leaf, "lt": leaf, "lte": leaf}
        if leaf is GraphQLString:
            operators |= {"contains": leaf, "startsWith": leaf}
        fields = {each: InputField(kind, description=OPERANDS.get(each)) for each, kind in operators.items()}
        return InputObjectType(name, fields)

    return registry.once(name, ("comparison", leaf.name), make)


def filter_type(registry: Registry, shape: Shape) -> GraphQLInputObjectType:
    """Return the filter input of a resource."""
    name = f"{shape.name}Filter"

    def fields() -> dict[str, GraphQLInputField]:
        itself = filter_type(registry, shape)
        made = {"id": input_field(comparison(registry, GraphQLID))}
        for member in shape.filters.values():
            if isinstance(member, Column):
                if isinstance(member.field, ArrayField) or scalars.of_column(member.field) is scalars.Json:
                    raise ImproperlyConfigured(f"{shape.name}.{member.name} cannot be filtered: it is no single value")
                made[member.name] = input_field(comparison(registry, registry.leaf_of(member, shape.name)))
            else:
                made[member.name] = input_field(filter_type(registry, registry.shapes.of(member.target)))
        for list_ in shape.members.values():
            if isinstance(list_, ChildList) and not (list_.label and list_.name == TAGS):
                if list_.name in made:
                    raise ImproperlyConfigured(f"{shape.name} cannot be filtered by its list {list_.name}: a column is named so")
                made[list_.name] = input_field(list_filter_type(registry, registry.shapes.of(list_.child)))
        if shape.resource.is_record:
            for each, field in of_records(registry).items():
                if each in made:
                    raise ImproperlyConfigured(f"{shape.name} cannot be filtered by a field named {each}")
                made[each] = field
        several = list_of(itself)
        for word, kind in (("and", several), ("or", several), ("not", itself)):
            if word in made:
                raise ImproperlyConfigured(f"{shape.name} cannot be filtered by a field named {word}")
            made[word] = input_field(kind)
        return made

    return registry.once(name, ("filter", shape.model), lambda: InputObjectType(name, fields))


def list_filter_type(registry: Registry, child: Shape) -> GraphQLInputObjectType:
    """Return the input that asks for the rows of a nested list."""
    name = f"{child.name}ListFilter"
    says = {
        SOME: "At least one row that you may see fulfils this.",
        NONE: "No row that you may see fulfils this.",
        EVERY: "Every row that you may see fulfils this; so it is where there are none.",
    }

    def fields() -> dict[str, GraphQLInputField]:
        kind = filter_type(registry, child)
        return {word: InputField(kind, description=text) for word, text in says.items()}

    return registry.once(name, ("list filter", child.model), lambda: InputObjectType(name, fields))


def of_records(registry: Registry) -> dict[str, GraphQLInputField]:
    """Return the fields that the filter of every kind of record has besides its own: all conditions hold, all tags are there."""

    def condition() -> GraphQLInputObjectType:
        names = EnumType("CustomFieldOperator", {constant(each): enum_value(each) for each in OPERATORS})
        parts: dict[str, Any] = {"name": required(GraphQLString), "op": required(names), "value": scalars.Json}
        text = "How a custom field compares with a value, given as in an input; IN takes a list, IS_NULL true or false."
        fields = {each: input_field(kind) for each, kind in parts.items()}
        return InputObjectType("CustomFieldCondition", fields, description=text)

    compared = registry.once("CustomFieldCondition", "the conditions on custom fields", condition)
    return {
        camel(SHOWN_AS): input_field(list_of(compared)),
        TAGS: input_field(list_of(GraphQLString)),
    }


def order_type(registry: Registry, shape: Shape) -> GraphQLInputObjectType:
    """Return the ordering input of a resource."""
    values = {"ID": enum_value("id")}
    values |= {constant(name): enum_value(name) for name in shape.order if name != "id"}
    field_name, name = f"{shape.name}OrderField", f"{shape.name}OrderBy"

    def fields() -> dict[str, GraphQLInputField]:
        order_field = registry.once(field_name, ("order field", shape.model), lambda: EnumType(field_name, values))
        return {
            "field": input_field(required(order_field)),
            "direction": InputField(Direction, default_value="ASC"),
        }

    return registry.once(name, ("order", shape.model), lambda: InputObjectType(name, fields))
