"""Our definitions of GraphQL say what graphql-core's say, and share what is equal."""

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLString,
    build_schema,
    print_schema,
    validate_schema,
)
from tessera.graph import definitions
from tessera.graph.build import build
from tessera.module import modules


@pytest.mark.parametrize(
    ("ours", "core"),
    [
        (definitions.Field(GraphQLString), GraphQLField(GraphQLString)),
        (definitions.Argument(GraphQLString), GraphQLArgument(GraphQLString)),
        (definitions.InputField(GraphQLString), GraphQLInputField(GraphQLString)),
        (definitions.EnumValue("a"), GraphQLEnumValue("a")),
    ],
)
def test_what_is_not_said_reads_as_in_graphql_core(ours, core):
    assert {name: getattr(ours, name) for name in vars(core)} == vars(core)
    assert ours.to_kwargs() == core.to_kwargs()


@pytest.mark.parametrize(
    ("ours", "core", "fields"),
    [
        (definitions.ObjectType, GraphQLObjectType, {"a": GraphQLField(GraphQLString)}),
        (definitions.InputObjectType, GraphQLInputObjectType, {"a": GraphQLInputField(GraphQLString)}),
        (definitions.EnumType, GraphQLEnumType, {"A": GraphQLEnumValue("a")}),
    ],
)
def test_a_type_is_taken_apart_as_graphql_cores_is(ours, core, fields):
    made = ours("T", fields).to_kwargs()
    if made.get("out_type"):
        assert made["out_type"]({"a": "b"}) == {"a": "b"}  # ours gives way, and changes nothing
        made["out_type"] = None
    assert made == core("T", fields).to_kwargs()


def test_fields_are_made_when_they_are_asked_for_and_once():
    asked = []
    kind = definitions.ObjectType("T", lambda: asked.append(1) or {"a": definitions.plain(GraphQLString)})
    assert asked == []
    assert kind.fields is kind.fields
    assert asked == [1]


def test_what_is_equal_is_one_object():
    kind = definitions.ObjectType("T", {})
    assert definitions.required(kind) is definitions.required(kind)
    assert str(definitions.required(definitions.list_of(kind))) == "[T!]!"
    assert definitions.plain(kind) is definitions.plain(kind)


def test_a_schema_without_the_checks_would_have_passed_them():
    schema = build(frozenset(modules()))
    assert validate_schema(schema) == []
    build_schema(print_schema(schema))  # every name and value is one
