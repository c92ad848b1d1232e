"""Filters of every list: by each comparison of each column, through relations, on nested lists, and by notes."""

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, get_named_type, is_list_type

from tessera.graph.ids import encode
from tessera.graph.shapes import ChildList, Column, Relation, Shape
from tessera.testing.probing import LEAVES, quoted
from tessera.testing.sweep.canaries import Canary
from tessera.testing.sweep.worlds import Place

GUESSES = {  # by type, what finds a value with a guessed secret and no other
    "String": 'contains: "{0.word}"',
    "Date": 'gte: "{0.year}-01-01", lte: "{0.year}-12-31"',
    "Decimal": 'gte: "{0.number}000", lte: "{0.number}999"',
    "Int": "gte: {0.number}000, lte: {0.number}999",
}
SAYS_LITTLE = ("{isNull: true}", "{isNull: false}")


class Filters:
    """The filters that whoever is `asking` can give: keys and cursors are those of `place`, texts to look for `words`."""

    def __init__(self, schema: GraphQLSchema, asking: Place, place: Place, words: Iterable[str], numbers: Iterable[int]) -> None:
        self.schema, self.asking, self.place = schema, asking, place
        self.words, self.numbers = tuple(words), tuple(numbers)
        self.left_out: frozenset[str] = frozenset()
        self.guess: Canary | None = None  # a secret that is asked for by its whole value, where it would be known
        self.shapes = {shape.name: shape for shape in schema.extensions["shapes"]}

    def id_of(self, shape: Shape, number: int) -> str:
        """Return the id of a row as a literal."""
        return quoted(encode(shape.name, self.place.key(shape.resource, number)))

    def _choices(self, enum: str) -> list[str]:
        kind = self.schema.type_map[enum]
        assert isinstance(kind, GraphQLEnumType)
        return list(kind.values)

    def _conditions(self, shape: Shape) -> Iterator[str]:
        """Yield a filter for the columns that all may read, for each other one, for each relation, and for notes."""
        fields = self._filter_of(shape)
        first, ids = self.id_of(shape, 0), ", ".join(self.id_of(shape, number) for number in self.numbers)
        ways = [
            f"id: {{in: [{ids}]}}",
            f"id: {{eq: {first}}}",
            "id: {isNull: true}",
            f"and: [{{not: {{id: {{ne: {first}}}}}}}]",
            f"id: {{notIn: [{first}]}}",
        ]
        for name, member in shape.filters.items():
            if isinstance(member, Relation):
                yield from self._through(name, self.shapes[member.target.name])
            elif member.right:
                yield from _each_of(self._compared(fields, name, member), self._guessed(fields, name))
            else:
                ways += self._compared(fields, name, member)
        yield from _each_of(ways)
        for name, nested in shape.members.items():
            if isinstance(nested, ChildList) and get_named_type(fields[name].type).name.endswith("ListFilter"):
                yield from self._listed(name, self.shapes[nested.child.name])
        if shape.resource.is_record:
            yield from self._on_record(shape)

    def _filter_of(self, shape: Shape) -> Any:
        kind = self.schema.type_map[f"{shape.name}Filter"]
        assert isinstance(kind, GraphQLInputObjectType)
        return kind.fields

    def _through(self, name: str, target: Shape) -> Iterator[str]:
        """Yield filters through a relation: by the columns that all may read, and by each other one."""
        fields = self._filter_of(target)
        ways = [f"id: {{in: [{', '.join(self.id_of(target, number) for number in self.numbers)}]}}"]
        guessed: list[str] = []
        for each, member in target.filters.items():
            if isinstance(member, Relation):
                continue
            if member.right:
                both = _each_of(self._compared(fields, each, member), self._guessed(fields, each))
                yield from (f"{{{name}: {found}}}" for found in both)
            else:
                guessed += self._guessed(fields, each)
                ways += [way for way in self._compared(fields, each, member) if not way.endswith(SAYS_LITTLE)]
        yield from (f"{{{name}: {found}}}" for found in _each_of(ways, guessed))
        yield f"{{not: {{{name}: {{}}}}}}"

    def _listed(self, name: str, child: Shape) -> Iterator[str]:
        """Yield filters on the rows of a nested list."""
        guessed = [way for each, column in child.filters.items() for way in self._open_guess(child, each, column)]
        known = [f"id: {{in: [{', '.join(self.id_of(child, number) for number in self.numbers)}]}}"]
        for word in ("some", "none", "every"):
            yield from (f"{{{name}: {{{word}: {found}}}}}" for found in _each_of(known, guessed))

    def _on_record(self, shape: Shape) -> Iterator[str]:
        """Yield filters by tags and custom fields; every operator for one kind of record."""
        for word in self.words:
            if "tags" not in shape.filters:
                yield "{or: [" + ", ".join(f"{{tags: [{quoted(f'{word} {number}')}]}}" for number in self.numbers) + "]}"
            for operator in self._choices("CustomFieldOperator") if shape.name == "Party" else ["CONTAINS"]:
                value = {"IN": f"[{quoted(word)}]", "IS_NULL": "false"}.get(operator, quoted(word))
                yield f'{{customFields: [{{name: "held", op: {operator}, value: {value}}}]}}'

    def _compared(self, fields: Any, name: str, column: Column) -> Iterator[str]:
        """Yield every comparison of a column."""
        for operator, field in get_named_type(fields[name].type).fields.items():
            for value in self._values(get_named_type(field.type), column):
                yield f"{name}: {{{operator}: {f'[{value}]' if is_list_type(field.type) else value}}}"

    def _open_guess(self, shape: Shape, name: str, member: Column | Relation) -> list[str]:
        """Return the guess of a column that all may read, none for others."""
        plain = isinstance(member, Column) and not member.right
        return self._guessed(self._filter_of(shape), name) if plain else []

    def _guessed(self, fields: Any, name: str) -> list[str]:
        """Return the comparison that only rows with the guessed secret fulfil: with another secret the answer is another."""
        operators = get_named_type(fields[name].type).fields
        leaf = get_named_type(operators["eq"].type).name if "eq" in operators else ""
        return [f"{name}: {{{GUESSES[leaf].format(self.guess)}}}"] if self.guess and leaf in GUESSES else []

    def _values(self, leaf: Any, column: Column) -> list[str]:
        if isinstance(leaf, GraphQLEnumType):
            return list(leaf.values)
        guess = self.guess
        if leaf.name == "String":
            known = (
                [f"{guess.word} {column.field.model.__name__}.{column.field.name} 1"[: column.field.max_length]] if guess else []
            )
            return [quoted(word) for word in (*self.words, *known)]
        if guess and leaf.name in ("Int", "Decimal", "Date"):
            return [
                LEAVES[leaf.name],
                {"Date": f'"{guess.year}-02-15"', "Int": f"{guess.number}001"}.get(leaf.name, f'"{guess.number}001"'),
            ]
        return [LEAVES[leaf.name]] if leaf.name != "ID" else [quoted("Party:none")]


def _each_of(*groups: Iterable[str]) -> Iterator[str]:
    """Yield, per group of comparisons, the filter that any of them fulfils; a group may be empty."""
    yield from ("{or: [" + ", ".join(f"{{{way}}}" for way in ways) + "]}" for group in groups if (ways := list(group)))
