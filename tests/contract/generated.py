"""Documents that Hypothesis makes of a schema: any selection, any value, ids of rows that are there, and a mistake in some."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    ListValueNode,
    ObjectFieldNode,
    StringValueNode,
    Visitor,
    get_named_type,
    is_required_argument,
    is_specified_scalar_type,
    print_ast,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import Mode, nodes, strategies
from tessera.graph.ids import encode
from tessera.testing.sweep.worlds import Place

MARK = "an id of the right type, number "  # put where an id goes, until the name of its place is known
WRONG = 8  # root fields that a mistake is looked for in
ONE_IN = 20
NUMBERS = ("0", "1", "-1", "0.5", "-0.0", "12.340", "9" * 20, "1e2", "0.00000001")


def documents(schema: GraphQLSchema, place: Place, roots: int, seed: int) -> st.SearchStrategy[str]:
    """Return documents about the rows of a place and about none, each with one of `roots` root fields; it takes a while to look at one."""
    named, scalars, chance = _Ids(schema, place), _scalars(place), random.Random(seed)
    kinds: list[tuple[Any, str]] = [
        *((strategies.queries, name) for name in (schema.query_type.fields if schema.query_type else ())),
        *((strategies.mutations, name) for name in (schema.mutation_type.fields if schema.mutation_type else ())),
    ]
    chosen = chance.sample(kinds, min(roots, len(kinds)))
    possible = [at for at in chosen if _can_be_wrong(schema, at[1])]
    wrong = set(possible[:: max(len(possible) // WRONG, 1)])

    @st.composite
    def one(draw: st.DrawFn) -> str:
        kind, name = at = draw(st.sampled_from(chosen))
        mode = Mode.NEGATIVE if at in wrong and draw(st.booleans()) else Mode.POSITIVE
        return draw(kind(schema, fields=(name,), custom_scalars=scalars, print_ast=named.printed, mode=mode))

    return one()


def _can_be_wrong(schema: GraphQLSchema, name: str) -> bool:
    """Say whether a root field has an argument that can be left out or given another type by mistake."""
    roots = filter(None, (schema.query_type, schema.mutation_type))
    arguments = [argument for root in roots if name in root.fields for argument in root.fields[name].args.values()]
    return any(is_required_argument(each) or is_specified_scalar_type(get_named_type(each.type)) for each in arguments)


def _mostly(meant: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values that are meant, and now and then an odd one: a document with many values is to be answered at times."""
    return st.integers(1, ONE_IN).flatmap(lambda turn: odd if turn == ONE_IN else meant)


def _scalars(place: Place) -> dict[str, st.SearchStrategy[Any]]:
    """Return the values of each scalar: such as are meant, and some at the edges."""
    moments = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    text = st.characters(blacklist_categories=["Cs"])
    words = st.text(text, max_size=20)
    values = st.recursive(
        st.one_of(st.booleans().map(nodes.Boolean), st.integers().map(nodes.Int), st.text(text, max_size=5).map(nodes.String)),
        lambda inner: st.lists(inner, max_size=3).map(nodes.List),
        max_leaves=4,
    )
    known = st.sampled_from(["EUR", "AMBER", "2026", *sorted(place.cursors.values())])
    return {
        "ID": _mostly(st.integers(0, 1).map(lambda at: f"{MARK}{at}"), words).map(nodes.String),
        "Int": _mostly(st.integers(1, 3), st.integers(-(2**31), 2**31 - 1)).map(nodes.Int),
        "String": _mostly(st.one_of(st.text("abcdefgh ", max_size=8), known), words).map(nodes.String),
        "Decimal": _mostly(st.sampled_from(NUMBERS), st.one_of(st.decimals().map(str), words)).map(nodes.String),
        "BigInt": _mostly(st.integers(-(2**63), 2**63 - 1), st.integers()).map(nodes.String),
        "Date": _mostly(st.dates().map(str), words).map(nodes.String),
        "DateTime": _mostly(moments, words).map(nodes.String),
        "Time": _mostly(st.times().map(str), words).map(nodes.String),
        "UUID": _mostly(st.uuids().map(str), words).map(nodes.String),
        "JSON": values,
    }


class _Ids:
    """Puts ids where they are marked: of the type whose row is asked for, or that the place is named after."""

    def __init__(self, schema: GraphQLSchema, place: Place) -> None:
        shapes = list(schema.extensions["shapes"])
        self.place = place
        self.resources = {shape.name.lower(): shape.resource for shape in shapes}
        self.any = shapes[0].resource
        self.roots = {}
        for root in filter(None, (schema.query_type, schema.mutation_type)):
            for name, field in root.fields.items():
                verb = field.extensions.get("verb")
                if shape := verb.shape if verb else field.extensions.get("shape"):
                    self.roots[name] = shape.resource

    def printed(self, document: DocumentNode) -> str:
        """Return a document as text, with ids in the places of their marks."""
        return print_ast(visit(document, _Place(self)))

    def put(self, value: Any, name: str, root: str) -> Any:
        """Return a value with the ids that its name asks for."""
        if isinstance(value, ListValueNode):
            return ListValueNode(values=tuple(self.put(each, name, root) for each in value.values))
        if not isinstance(value, StringValueNode) or not value.value.startswith(MARK):
            return value
        resource = self.roots.get(root, self.any) if name == "id" else self.resources.get(name.lower().rstrip("s"), self.any)
        key: UUID = self.place.key(resource, int(value.value.removeprefix(MARK)))
        return StringValueNode(value=encode(resource.name, key))


class _Place(Visitor):
    """Knows the root field that a value is below, and its name."""

    def __init__(self, ids: _Ids) -> None:
        super().__init__()
        self.ids, self.root, self.depth = ids, "", 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.depth += 1
        self.root = node.name.value if self.depth == 1 else self.root

    def leave_field(self, *_: Any) -> None:
        self.depth -= 1

    def _filled(self, node: Any) -> Any:
        made = self.ids.put(node.value, node.name.value, self.root)
        return None if made is node.value else type(node)(name=node.name, value=made)

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        return self._filled(node)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> Any:
        return self._filled(node)
