"""Everything that can be read, as root fields: each list with each argument, each row, each nested list, each report."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import Model
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_required_argument,
)

from tessera.graph.ids import encode
from tessera.graph.names import lower_first
from tessera.graph.shapes import ChildList, Relation, Shape
from tessera.resource import RESOURCES, camel, parameters_of, resource_of
from tessera.testing.probing import LEAVES, arguments_text, literal, quoted, selection
from tessera.testing.sweep.worlds import Place

MOST_ORDERS = 5
ORDERED_BY = "orderBy: [{{field: {}, direction: {}}}]"


class Reads:
    """The root fields of Query for whoever is `asking`: keys and cursors are those of `place`, texts to look for `words`."""

    def __init__(
        self, schema: GraphQLSchema, asking: Place, place: Place, words: Iterable[str], numbers: Iterable[int]
    ) -> None:
        self.schema, self.asking, self.place = schema, asking, place
        self.words, self.numbers = tuple(words), tuple(numbers)
        self.shapes = {shape.name: shape for shape in schema.extensions["shapes"]}

    def every(self) -> Iterator[str]:
        """Yield every root field, the most telling first."""
        for shape in self.shapes.values():
            yield f"{self._many(shape)}(first: 250) {self._page(shape)}"
        for shape in self.shapes.values():
            yield from self._rows(shape)
        for shape in self.shapes.values():
            yield from (f"{self._many(shape)}({arguments}) {{ totalCount nodes {{ id }} }}" for arguments in self.arguments(shape))
        for shape in self.shapes.values():
            yield from self._nested(shape)
        for name, field in self._query().fields.items():
            if not field.extensions.get("shape") and name != "node":
                yield from self._report(name, field)

    def _query(self) -> GraphQLObjectType:
        assert self.schema.query_type
        return self.schema.query_type

    @staticmethod
    def _many(shape: Shape) -> str:
        return lower_first(shape.resource.plural)

    def _page(self, shape: Shape) -> str:
        node = selection(self.schema.type_map[shape.name], 1, 250)
        info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        return f"{{ totalCount {info} nodes {node} edges {{ cursor node {{ id }} }} }}"

    def id_of(self, shape: Shape, number: int) -> str:
        """Return the id of a row as a literal."""
        return quoted(encode(shape.name, self.place.key(shape.resource, number)))

    def _rows(self, shape: Shape) -> Iterator[str]:
        whole = selection(self.schema.type_map[shape.name], 0)
        for number in self.numbers:
            yield f"{lower_first(shape.name)}(id: {self.id_of(shape, number)}) {whole}"
            yield f"node(id: {self.id_of(shape, number)}) {{ id __typename ... on {shape.name} {whole} }}"

    def arguments(self, shape: Shape) -> Iterator[str]:
        """Yield every way to narrow or order a list of a resource, each as the text of its arguments."""
        yield from self._orders(shape)
        for condition in self.conditions(shape):
            yield f"first: 250, filter: {condition}"
        if shape.search:
            yield from (f"first: 250, search: {quoted(word)}" for word in self.words)
        cursor = quoted(self.place.cursors.get(shape.name, "none"))
        yield f"last: 3, after: {cursor}, before: {cursor}"

    def _orders(self, shape: Shape) -> Iterator[str]:
        kind = self.schema.type_map[f"{shape.name}OrderField"]
        assert isinstance(kind, GraphQLEnumType)
        for at, value in enumerate(kind.values):
            yield "first: 250, " + ORDERED_BY.format(value, "ASC" if at % 2 else "DESC")

    def conditions(self, shape: Shape) -> Iterator[str]:
        """Yield a filter for every column, its operators joined by `or`, for every relation, and the words and, or, not."""
        ids = ", ".join(self.id_of(shape, number) for number in self.numbers)
        first = self.id_of(shape, 0)
        yield f"{{or: [{{id: {{in: [{ids}]}}}}, {{id: {{eq: {first}}}}}, {{id: {{ne: {first}}}}}, {{id: {{isNull: true}}}}]}}"
        yield f"{{and: [{{not: {{id: {{eq: {first}}}}}}}]}}"
        fields = self.schema.type_map[f"{shape.name}Filter"].fields
        for name, member in shape.filters.items():
            if isinstance(member, Relation):
                target = self.shapes[member.target.name]
                yield f"{{{name}: {{id: {{in: [{', '.join(self.id_of(target, number) for number in self.numbers)}]}}}}}}"
                yield from (f"{{{name}: {{{inner}}}}}" for inner in self._compared(target, 1))
                yield f"{{not: {{{name}: {{}}}}}}"
            else:
                yield "{or: [" + ", ".join(f"{{{each}}}" for each in self._of_column(fields, name)) + "]}"
        if shape.resource.is_record and "tags" not in shape.filters:
            yield from (f"{{tags: [{quoted(f'{word} Tag.name {number}')}]}}" for word in self.words for number in self.numbers)
            yield from self._custom(shape)

    def _custom(self, shape: Shape) -> Iterator[str]:
        """Yield conditions on custom fields: every operator where there is one, and one of them elsewhere."""
        for word in self.words:
            for operator in self.schema.type_map["CustomFieldOperator"].values if shape.name == "Party" else ("CONTAINS",):
                value = {"IN": f"[{quoted(word)}]", "IS_NULL": "false"}.get(operator, quoted(word))
                yield f'{{customFields: [{{name: "field0", op: {operator}, value: {value}}}]}}'

    def _compared(self, shape: Shape, most: int) -> Iterator[str]:
        """Yield the comparisons of the first columns of a resource, for filters through a relation to it."""
        fields = self.schema.type_map[f"{shape.name}Filter"].fields
        columns = [name for name, member in shape.filters.items() if not isinstance(member, Relation)]
        for name in columns[:most]:
            yield "or: [" + ", ".join(f"{{{each}}}" for each in self._of_column(fields, name)) + "]"

    def _of_column(self, fields: Any, name: str) -> Iterator[str]:
        comparison = get_named_type(fields[name].type)
        for operator, field in comparison.fields.items():
            leaf = get_named_type(field.type)
            for value in self._values(leaf):
                yield f"{name}: {{{operator}: {f'[{value}]' if is_list_type(field.type) else value}}}"

    def _values(self, leaf: Any) -> list[str]:
        if isinstance(leaf, GraphQLEnumType):
            return list(leaf.values)
        if leaf.name == "String":
            return [quoted(word) for word in self.words]
        return [LEAVES[leaf.name]] if leaf.name != "ID" else [quoted("Party:none")]

    def _nested(self, shape: Shape) -> Iterator[str]:
        kind = self.schema.type_map[shape.name]
        assert isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items():
            member = field.extensions["member"]
            if not isinstance(member, ChildList):
                continue
            child = self.shapes[member.child.name]
            narrowed = f"first: 250, filter: {next(self.conditions(child))}, " + ORDERED_BY.format("ID", "ASC")
            ways = [narrowed, f"first: 250, search: {quoted(self.words[-1])}"] if child.search else [narrowed]
            if cursor := self.asking.cursors.get(child.name):
                ways.append(f"last: 3, after: {quoted(cursor)}, before: {quoted(cursor)}")
            asked = " ".join(f"w{at}: {name}({way}) {{ totalCount nodes {{ id }} }}" for at, way in enumerate(ways))
            yield f"{self._many(shape)}(first: 20) {{ nodes {{ id {asked} }} }}"

    def _report(self, name: str, field: GraphQLField) -> Iterator[str]:
        made = selection(field.type, 2)
        report = field.extensions.get("report")
        hints = {camel(each): hint for each, (hint, _) in parameters_of(report.selector).items()} if report else {}
        rest = {each for each, argument in field.args.items() if not is_required_argument(argument)}
        for number in self.numbers:
            for kind in self._kinds(hints):
                for left_out in (rest, *([set()] if rest else [])):
                    given = {
                        each: self._argument(argument, hints.get(each), each, number, kind)
                        for each, argument in field.args.items()
                        if each not in left_out
                    }
                    yield f"{name}{arguments_text(given)} {made}"

    def _kinds(self, hints: dict[str, Any]) -> list[str]:
        """Return the types whose keys are tried where a report takes a key of anything."""
        if not any(_is_key(hint) for hint in hints.values()):
            return [""]
        return [shape.name for shape in self.shapes.values() if hasattr(shape.model, "MOVES")]

    def _argument(self, argument: Any, hint: Any, name: str, number: int, kind: str) -> str:
        def leaf(named: Any, _path: Any, _reader: Any) -> str | None:
            if named.name == "ID":
                resource = resource_of(_row_of(hint)) if _row_of(hint) else RESOURCES.get(kind or "Party")
                assert resource
                return quoted(encode(resource.name, self.place.key(resource, number)))
            if named.name == "String":
                return quoted(self.words[number % len(self.words)])
            if isinstance(named, GraphQLEnumType):
                return list(named.values)[number % len(named.values)]
            return '"2076-12-31"' if named.name == "Date" and name != "start" else None

        return literal(argument.type, leaf, optional=True, path=(name,))


def _row_of(hint: Any) -> Any:
    """Return the model in a parameter's type, if there is one."""
    from typing import get_args

    parts = [hint, *get_args(hint)]
    return next((each for each in parts if isinstance(each, type) and issubclass(each, Model)), None)


def _is_key(hint: Any) -> bool:
    from typing import get_args

    return UUID in (hint, *get_args(hint))


def packed(parts: Iterable[str], operation: str = "query", most: int = 8, longest: int = 5_000) -> Iterator[str]:
    """Yield documents of several root fields each, within the limits of a document."""
    waiting: list[str] = []
    for part in parts:
        if waiting and (len(waiting) >= most or sum(map(len, waiting)) + len(part) > longest):
            yield _document(operation, waiting)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _document(operation, waiting)


def _document(operation: str, parts: list[str]) -> str:
    return f"{operation} {{ " + " ".join(f"a{at}: {part}" for at, part in enumerate(parts)) + " }"
