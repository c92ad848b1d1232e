"""Documents made from a schema: everything that can be asked, and values for everything that can be given."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
    parse,
    visit,
)

DEEPEST = 2
LEAVES: dict[str, str] = {
    "ID": '"none"',
    "String": '"text"',
    "Int": "1",
    "Float": "1.5",
    "Boolean": "true",
    "Decimal": '"1.5"',
    "BigInt": '"1"',
    "Date": '"2026-03-31"',
    "DateTime": '"2026-03-31T08:00:00Z"',
    "Time": '"08:30:00"',
    "UUID": '"0b7a2f7e-1111-4222-8333-444455556666"',
    "JSON": "{}",
}


def quoted(text: str) -> str:
    """Return a text as a GraphQL literal."""
    return json.dumps(text, ensure_ascii=True)


Path = tuple[str, ...]
Leaf = Callable[[Any, Path, Any], str | None]


def literal(kind: Any, leaf: Leaf | None = None, *, optional: bool = False, path: Path = (), reader: Any = None) -> str:
    """Return a literal of an input type: what is required of it, and with `optional` all the rest.

    `leaf` may give the text for a scalar or enum, by its type, its path and how it is read (see
    `tessera.graph.inputs`); None leaves it to the usual one.
    """
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type, leaf, optional=optional, path=path, reader=reader)
    if isinstance(kind, GraphQLList):
        return f"[{literal(kind.of_type, leaf, optional=optional, path=path, reader=getattr(reader, 'item', None))}]"
    if isinstance(kind, GraphQLInputObjectType):
        parts = []
        for name, each in kind.fields.items():
            deep = len(path) > DEEPEST and not is_leaf_type(get_named_type(each.type))
            if is_required_input_field(each) or (optional and not deep):
                inner = getattr(kind.extensions.get("entries", {}).get(name), "reader", None)
                parts.append(f"{name}: {literal(each.type, leaf, optional=optional, path=(*path, name), reader=inner)}")
        return "{" + ", ".join(parts) + "}"
    if leaf and (own := leaf(kind, path, reader)) is not None:
        return own
    return next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else LEAVES[kind.name]


def arguments_text(arguments: dict[str, str]) -> str:
    """Return arguments as they stand behind a field."""
    return "(" + ", ".join(f"{name}: {value}" for name, value in arguments.items()) + ")" if arguments else ""


def required_arguments(found: GraphQLField, leaf: Leaf | None = None) -> dict[str, str]:
    """Return literals for the arguments that a field cannot do without."""
    return {name: literal(each.type, leaf, path=(name,)) for name, each in found.args.items() if is_required_argument(each)}


def selection(kind: Any, depth: int = 1, inner: int = 2) -> str:
    """Return a selection of every leaf of a type, and of everything `depth` further down; empty for a leaf."""
    kind = get_named_type(kind)
    if is_leaf_type(kind):
        return ""
    if not isinstance(kind, GraphQLObjectType):
        return "{ __typename }" if isinstance(kind, GraphQLUnionType) else "{ id __typename }"
    page = "pageInfo" in kind.fields
    parts = [] if page else ["__typename"]
    for name, each in kind.fields.items():
        target = get_named_type(each.type)
        given = required_arguments(each)
        if "first" in each.args:
            given["first"] = str(inner)
        if is_leaf_type(target):
            parts.append(name + arguments_text(given))
        elif depth > 0 and not (page and name == "edges" and depth > 1):
            step = 0 if page or name == "node" else 1
            below = selection(target, 0 if page and name == "edges" else depth - step, inner)
            parts.append(f"{name}{arguments_text(given)} {below}")
    return "{ " + " ".join(parts or ["__typename"]) + " }"


Place = tuple[str, ...]


@dataclass
class Coverage:
    """Which places of a schema documents have visited: fields, arguments, input fields and enum values."""

    schema: GraphQLSchema
    seen: set[Place] = field(default_factory=set)

    def note(self, text: str) -> None:
        """Note all places that a document visits."""
        info = TypeInfo(self.schema)
        visit(parse(text), TypeInfoVisitor(info, _Noting(info, self.seen)))

    def places(self) -> set[Place]:
        """Return all places of the schema, without introspection."""
        found: set[Place] = set()
        for name, kind in self.schema.type_map.items():
            if name.startswith("__") or kind is self.schema.subscription_type:  # streams are asked where they are served
                continue
            if isinstance(kind, GraphQLObjectType):
                for each, about in kind.fields.items():
                    found.add((name, each))
                    found |= {(name, each, argument) for argument in about.args}
            elif isinstance(kind, GraphQLInputObjectType):
                found |= {(name, each) for each in kind.fields}
            elif isinstance(kind, GraphQLEnumType):
                found |= {(name, each) for each in kind.values}
        return found

    def missing(self) -> list[str]:
        """Return the places that nothing has visited."""
        return sorted(".".join(place) for place in self.places() - self.seen)


class _Noting(Visitor):
    def __init__(self, info: TypeInfo, seen: set[Place]) -> None:
        super().__init__()
        self.info, self.seen = info, seen

    def enter_field(self, node: Any, *_: Any) -> None:
        parent = self.info.get_parent_type()
        if parent and self.info.get_field_def() and not node.name.value.startswith("__"):
            self.seen.add((parent.name, node.name.value))

    def enter_argument(self, node: Any, *_: Any) -> None:
        parent = self.info.get_parent_type()
        found = self.info.get_field_def()
        if parent and found:
            name = next((name for name, each in getattr(parent, "fields", {}).items() if each is found), "")
            self.seen.add((parent.name, name, node.name.value))

    def enter_object_field(self, node: Any, *_: Any) -> None:
        parent = get_named_type(self.info.get_parent_input_type())
        if parent:
            self.seen.add((parent.name, node.name.value))

    def enter_enum_value(self, node: Any, *_: Any) -> None:
        kind = get_named_type(self.info.get_input_type())
        if isinstance(kind, GraphQLEnumType):
            self.seen.add((kind.name, node.value))


def returned_enums(schema: GraphQLSchema) -> set[str]:
    """Return the enums that only answers use: no document can spell their values."""
    given: set[str] = set()
    waiting: list[Any] = [
        each.type for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType) for f in kind.fields.values()
        for each in f.args.values()
    ]  # fmt: skip
    while waiting:
        kind = get_named_type(waiting.pop())
        if kind.name not in given:
            given.add(kind.name)
            if isinstance(kind, GraphQLInputObjectType):
                waiting.extend(each.type for each in kind.fields.values())
    return {name for name, kind in schema.type_map.items() if isinstance(kind, GraphQLEnumType) and name not in given}


def input_paths(kind: Any, path: Path = (), reader: Any = None) -> Iterator[tuple[Path, Any, Any]]:
    """Yield (path, named type, reader) of every leaf of an input type."""
    while isinstance(kind, (GraphQLNonNull, GraphQLList)):
        if isinstance(kind, GraphQLList):
            reader = getattr(reader, "item", None)
        kind = kind.of_type
    if not isinstance(kind, GraphQLInputObjectType):
        yield path, kind, reader
    elif len(path) <= DEEPEST + 1:
        for name, each in kind.fields.items():
            yield from input_paths(
                each.type, (*path, name), getattr(kind.extensions.get("entries", {}).get(name), "reader", None)
            )
