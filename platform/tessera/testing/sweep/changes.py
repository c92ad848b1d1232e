"""Everything that can be changed, as root fields: each mutation with keys and texts of one's own and of others."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from tessera.graph.ids import encode
from tessera.graph.inputs import RowKey
from tessera.graph.names import lower_first, pascal
from tessera.resource import Action, Resource
from tessera.testing.probing import Path, arguments_text, input_paths, literal, quoted, selection
from tessera.testing.rows import key_of
from tessera.testing.sweep.documents import NOWHERE
from tessera.testing.sweep.worlds import Place


class Changes:
    """The root fields of Mutation; keys are those of `place`, or of nothing where `place` has none."""

    def __init__(self, schema: GraphQLSchema, place: Place, word: str) -> None:
        self.schema, self.place, self.word = schema, place, word
        self.shapes = {shape.name: shape for shape in schema.extensions["shapes"]}
        self.resources = dict(self._owners())

    def _owners(self) -> Iterator[tuple[str, Resource]]:
        for shape in self.shapes.values():
            resource = shape.resource
            verbs = ["create", "update", "delete", *(each.verb for each in resource.actions if isinstance(each, Action))]
            yield from ((lower_first(resource.name) + pascal(verb), resource) for verb in verbs)

    def names(self) -> list[str]:
        """Return the names of all mutations."""
        assert self.schema.mutation_type
        return list(self.schema.mutation_type.fields)

    def turns(self, name: str) -> int:
        """Return how often a mutation is asked to give every value of the enums that no filter takes."""
        kinds = (kind for _, kind, _ in self.leaves(name) if isinstance(kind, GraphQLEnumType))
        return max((len(kind.values) for kind in kinds if f"{kind.name}Comparison" not in self.schema.type_map), default=1)

    def leaves(self, name: str) -> Iterator[tuple[Path, Any, Any]]:
        """Yield (path, type, reader) of every value that a mutation takes."""
        assert self.schema.mutation_type
        for each, argument in self.schema.mutation_type.fields[name].args.items():
            yield from input_paths(argument.type, (each,))

    def text(self, name: str, number: int, *, optional: bool = True, turn: int = 0, planted: tuple[Path, str] = ((), "")) -> str:
        """Return a mutation with the keys of the rows `number`; `turn` chooses among the values of enums, `planted` is put at a path."""
        assert self.schema.mutation_type
        field = self.schema.mutation_type.fields[name]
        usual = self._leaf(self.resources.get(name), number, turn)

        def leaf(kind: Any, path: Path, reader: Any) -> str | None:
            return planted[1] if path == planted[0] else usual(kind, path, reader)

        given = {
            each: literal(argument.type, leaf, optional=optional, path=(each,))
            for each, argument in field.args.items()
            if each not in ("version", "idempotencyKey")
        }
        for each in ("version", "idempotencyKey"):
            if each in field.args:
                given[each] = planted[1] if planted[0] == (each,) else "null"
        return f"{name}{arguments_text(given)} {self._payload(field)}"

    def _leaf(self, resource: Resource | None, number: int, turn: int) -> Any:
        def leaf(kind: Any, path: tuple[str, ...], reader: Any) -> str | None:
            if isinstance(reader, RowKey):
                return self._id(reader.resource, number)
            if path == ("id",) and resource:
                return self._id(resource, number)
            if kind.name == "ID" or kind.name == "UUID":
                key = self.place.key(self.shapes["Party"].resource, number)
                return quoted(str(key))
            if kind.name == "String":
                return quoted("base.Party" if path[-1] == "label" else f"{self.word} {path[-1]}")
            if isinstance(kind, GraphQLEnumType):
                return list(kind.values)[turn % len(kind.values)]
            return None

        return leaf

    def _id(self, resource: Resource, number: int) -> str:
        key: UUID = key_of(resource.model, number) if number == NOWHERE else self.place.key(resource, number)
        return quoted(encode(resource.name, key))

    @staticmethod
    def _payload(field: GraphQLField) -> str:
        kind = get_named_type(field.type)
        assert isinstance(kind, GraphQLObjectType)
        parts = []
        for name, each in kind.fields.items():
            target = get_named_type(each.type)
            parts.append(
                name if is_leaf_type(target) else f"{name} {selection(target, 0 if 'shape' in target.extensions else 1)}"
            )
        return "{ " + " ".join(parts) + " }"
