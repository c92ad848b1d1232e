"""Whatever a module declares can be asked: every list, order, filter, nested list and computed field."""

from contextlib import contextmanager

import pytest
from graphql import GraphQLEnumType, GraphQLList, get_named_type, is_leaf_type, parse
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.pages import connection_plan
from tessera.graph.plan import Planner
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.graph.shapes import ChildList, ComputedField, Relation
from tessera.module import modules
from tessera.resource import RESOURCES

VALUES = {
    "String": '"x"',
    "Int": "1",
    "BigInt": '"1"',
    "Float": "1.5",
    "Decimal": '"1.5"',
    "Boolean": "true",
    "Date": '"2026-03-31"',
    "DateTime": '"2026-03-31T00:00:00Z"',
    "Time": '"08:00:00"',
    "UUID": f'"{new_id()}"',
}
NAMES = sorted(RESOURCES)


NARROW = Reach(own=True, units=frozenset([new_id()]), companies=frozenset([new_id()]))


@contextmanager
def reading(reach):
    """Act as a member who may view everything that there is, as far as `reach` goes."""
    grants = {resource.permission("view"): reach for resource in RESOURCES.values()}
    grants |= {right: EVERYTHING for resource in RESOURCES.values() for right in resource.field_rights.values()}
    with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants)):
        yield


def schema():
    return schema_for(frozenset(modules()))


def selection(kind, deep=True):
    made = ["__typename"]
    for name, field in kind.fields.items():
        target = get_named_type(field.type)
        if is_leaf_type(target):
            made.append(name)
        elif "shape" in target.extensions:
            made.append(f"{name} {selection(target, False) if deep else '{ id }'}")
        elif target.name.endswith("Connection"):
            made.append(f"{name}(first: 1) {{ totalCount nodes {{ id }} }}" if deep else f"{name} {{ totalCount }}")
    return "{ " + " ".join(made) + " }"


def comparisons(shape):
    for name, member in shape.filters.items():
        if isinstance(member, Relation):
            yield f"{{{name}: {{}}}}"
            yield f'{{not: {{{name}: {{id: {{in: ["{encode(member.target.name, new_id())}"]}}}}}}}}'
            continue
        comparison = get_named_type(schema().type_map[f"{shape.name}Filter"].fields[name].type)
        parts = []
        for operator, field in comparison.fields.items():
            leaf = get_named_type(field.type)
            value = next(iter(leaf.values)) if isinstance(leaf, GraphQLEnumType) else VALUES[leaf.name]
            parts.append(f"{operator}: [{value}]" if isinstance(field.type, GraphQLList) else f"{operator}: {value}")
        yield f"{{{name}: {{{', '.join(parts)}}}}}"


def ask(text):
    body = answer(schema(), "every", Request(text, {})).body
    assert "errors" not in body, (text, body["errors"])
    return body["data"]


def whole(name):
    kind = schema().type_map[name]
    field = name[:1].lower() + kind.extensions["shape"].resource.plural[1:]
    return field, f"{{ {field}(first: 2) {{ totalCount edges {{ cursor node {selection(kind)} }} pageInfo {{ endCursor }} }} }}"


@pytest.mark.parametrize("name", NAMES)
def test_every_list_can_be_asked_for_everything(inside, name):
    shape = schema().type_map[name].extensions["shape"]
    field, text = whole(name)
    with reading(EVERYTHING):
        ask(text)
    with reading(NARROW):
        ask(text)
        for order in schema().type_map[f"{name}OrderField"].values:
            ask(f"{{ {field}(orderBy: [{{field: {order}, direction: DESC}}]) {{ nodes {{ id }} }} }}")
        for filter in comparisons(shape):
            ask(f"{{ {field}(filter: {filter}) {{ totalCount }} }}")
        if shape.search:
            ask(f'{{ {field}(search: "x") {{ totalCount }} }}')


@pytest.mark.parametrize("name", NAMES)
def test_every_nested_list_and_computed_field_can_be_read(inside, name):
    """Without rows nothing hangs on them, so the parts are asked for rows that might be there."""
    for field in schema().type_map[name].fields.values():
        member = field.extensions["member"]
        if isinstance(member, ChildList):
            child = get_named_type(get_named_type(field.type).fields["nodes"].type)
            for reach in (EVERYTHING, NARROW):
                with reading(reach):
                    plan = connection_plan(
                        Asked(f"{{ it {{ totalCount nodes {selection(child)} }} }}"), field, Asked.nodes, member
                    )
                    found = plan.by_parent([new_id(), new_id()])
                assert [each["totalCount"] for each in found.values()] == [0, 0]
        elif isinstance(member, ComputedField):
            keys = [new_id(), new_id()]
            assert set(member.computed.load(ids=keys)) <= set(keys)


class Asked(Planner):
    """A planner for one selection that stands alone."""

    nodes: list

    def __init__(self, text):
        self.schema, self.fragments, self.variables, self.rows = schema(), {}, {}, 1
        self.shapes = self.schema.extensions["shapes"]
        Asked.nodes = list(parse(text).definitions[0].selection_set.selections)
