"""Which modules must be on for each thing of the whole schema, and so for a document and for what comes in its variables.

Nobody has to say so: the schema is built once without each module (and what depends on it), and what is missing then needs it.
Modules only add optional things, so a document means the same in every schema that has all that it names.
A type that any of several modules brings needs none of them by this; it is only met at fields and arguments, which do.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    NamedTypeNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from tessera.graph.build import build
from tessera.graph.giving_way import give_way
from tessera.module import closure, modules

NOTHING: frozenset[str] = frozenset()


def things(schema: GraphQLSchema) -> Iterator[str]:
    """Yield the coordinate of everything that a document can name: `Book`, `Book.title`, `Query.books(filter:)`."""
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value in kind.values)
        elif isinstance(kind, GraphQLInputObjectType):
            yield from (f"{name}.{field}" for field in kind.fields)
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for field, found in kind.fields.items():
                yield f"{name}.{field}"
                yield from (f"{name}.{field}({argument}:)" for argument in found.args)


def named_in(document: DocumentNode, schema: GraphQLSchema) -> set[str]:
    """Return the coordinates of everything that a document names, also of what the schema has not."""
    info = TypeInfo(schema)
    named = _Named(info)
    visit(document, TypeInfoVisitor(info, named))
    return named.things


class Needs:
    """The modules that each thing of a schema needs; `known` says it for those that do not exist everywhere."""

    def __init__(self, schema: GraphQLSchema, on: frozenset[str]) -> None:
        self.schema = schema
        self.known: dict[str, frozenset[str]] = {}
        whole = set(things(schema))
        for label in sorted(each for each in on if not modules()[each].is_bundle):
            without = frozenset(each for each in on if label not in closure([each]))
            if not without:
                continue  # it is always on
            for missing in whole.difference(things(build(without))):
                self.known[missing] = self.known.get(missing, NOTHING) | {label}

    def of(self, *names: str) -> frozenset[str]:
        """Return the modules that all of these things need."""
        return NOTHING.union(*(self.known.get(name, NOTHING) for name in names))

    def of_document(self, document: DocumentNode) -> frozenset[str]:
        """Return the modules that a document names, whether it is valid in the whole schema or not."""
        return self.of(*named_in(document, self.schema))

    def of_value(self, value: Any, kind: Any) -> frozenset[str]:
        """Return the modules that a variable's value needs, as it came in for an input type; what is wrong in it needs nothing."""
        if isinstance(kind, GraphQLNonNull):
            return self.of_value(value, kind.of_type)
        if isinstance(kind, GraphQLList):
            items = value if isinstance(value, list) else [value]
            return NOTHING.union(*(self.of_value(each, kind.of_type) for each in items))
        if isinstance(kind, GraphQLEnumType):
            return self.of(f"{kind.name}.{value}")
        if not isinstance(kind, GraphQLInputObjectType) or not isinstance(value, dict):
            return NOTHING
        given = [name for name in value if name in kind.fields]
        inner = (self.of_value(value[name], kind.fields[name].type) for name in given)
        return self.of(*(f"{kind.name}.{name}" for name in given)).union(*inner)


class _Named(Visitor):
    """Notes everything that a document names."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.things: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.things.add(node.name.value)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        give_way()
        parent = self.info.get_parent_type()
        if parent is not None:
            self.things.add(f"{parent.name}.{node.name.value}")

    def enter_argument(self, node: ArgumentNode, _key: Any, _parent: Any, _path: Any, above: list[Any]) -> None:
        parent, field = self.info.get_parent_type(), above[-1]
        if parent is not None and isinstance(field, FieldNode):
            self.things.add(f"{parent.name}.{field.name.value}({node.name.value}:)")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = get_named_type(self.info.get_parent_input_type())
        if parent is not None:
            self.things.add(f"{parent.name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        kind = get_named_type(self.info.get_input_type())
        if kind is not None:
            self.things.add(f"{kind.name}.{node.value}")


@cache
def whole_schema() -> GraphQLSchema:
    """Return the schema of all modules that are installed; it stays for as long as the process."""
    return build(frozenset(modules()))


@cache
def needs() -> Needs:
    """Return what the things of the whole schema need."""
    return Needs(whole_schema(), frozenset(modules()))
