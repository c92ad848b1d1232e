"""Whatever a module declares can be asked: every list, order, filter, nested list and computed field."""

import pytest
from graphql import GraphQLEnumType, GraphQLList, get_named_type, is_leaf_type
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph.answers import Request, answer
from tessera.graph.ids import encode
from tessera.graph.plan import Planner
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


@pytest.fixture(params=["everything", "own, unit and company"])
def reader(request, inside):
    """A member who may view all, or only what is own, of a unit or of a company."""
    narrow = Reach(own=True, units=frozenset([new_id()]), companies=frozenset([new_id()]))
    reach = EVERYTHING if request.param == "everything" else narrow
    grants = {resource.permission("view"): reach for resource in RESOURCES.values()}
    grants |= {right: EVERYTHING for resource in RESOURCES.values() for right in resource.field_rights.values()}
    with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants)) as context:
        yield context


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


@pytest.mark.parametrize("name", NAMES)
def test_every_list_can_be_asked_for_everything(reader, name):
    kind = schema().type_map[name]
    shape = kind.extensions["shape"]
    field = name[:1].lower() + shape.resource.plural[1:]
    ask(f"{{ {field}(first: 2) {{ totalCount edges {{ cursor node {selection(kind)} }} pageInfo {{ endCursor }} }} }}")
    for order in schema().type_map[f"{name}OrderField"].values:
        ask(f"{{ {field}(orderBy: [{{field: {order}, direction: DESC}}]) {{ nodes {{ id }} }} }}")
    for filter in comparisons(shape):
        ask(f"{{ {field}(filter: {filter}) {{ totalCount nodes {{ id }} }} }}")
    if shape.search:
        ask(f'{{ {field}(search: "x") {{ totalCount nodes {{ id }} }} }}')


@pytest.mark.parametrize("name", NAMES)
def test_every_nested_list_and_computed_field_can_be_read(reader, name):
    """Without rows nothing hangs on them, so the parts are asked for rows that might be there."""
    from tessera.graph.pages import connection_plan

    kind = schema().type_map[name]
    for field in kind.fields.values():
        member = field.extensions["member"]
        if isinstance(member, ChildList):
            child = get_named_type(get_named_type(field.type).fields["nodes"].type)
            plan = connection_plan(Asked(f"{{ it {{ totalCount nodes {selection(child)} }} }}"), field, Asked.nodes, member)
            found = plan.by_parent([new_id(), new_id()])
            assert [each["totalCount"] for each in found.values()] == [0, 0]
        elif isinstance(member, ComputedField):
            keys = [new_id(), new_id()]
            assert set(member.computed.load(ids=keys)) <= set(keys)


class Asked(Planner):
    """A planner for one selection that stands alone."""

    nodes: list

    def __init__(self, text):
        from graphql import parse

        self.schema, self.fragments, self.variables = schema(), {}, {}
        self.shapes = self.schema.extensions["shapes"]
        Asked.nodes = list(parse(text).definitions[0].selection_set.selections)
