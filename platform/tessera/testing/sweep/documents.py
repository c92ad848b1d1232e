"""Everything that can be read, as root fields: each list with each argument, each row, each nested list, each report."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args
from uuid import UUID

from django.db.models import CharField, Model, TextField
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from tessera.graph.ids import encode
from tessera.graph.limits import LIMITS, tokens_in
from tessera.graph.names import lower_first
from tessera.graph.shapes import ChildList, Column, Shape
from tessera.resource import RESOURCES, camel, parameters_of, resource_of
from tessera.testing.probing import arguments_text, literal, quoted, selection
from tessera.testing.rows import key_of
from tessera.testing.sweep.filters import Filters
from tessera.testing.sweep.groups import groups_of

MOST, MOST_NESTED, MOST_GUESSES = 12, 12, 30
AROUND = 3  # tokens: the operation and its braces
NOWHERE = 9999  # the number of a row that nobody made
ARGUMENTS, NAMES = re.compile(r"\([^()]*\)"), re.compile(r"[A-Za-z_]\w*")
ORDERED_BY = "orderBy: [{{field: {}, direction: {}}}]"


class Reads(Filters):
    """The root fields of Query for whoever is `asking`: keys and cursors are those of `place`, texts to look for `words`."""

    def pages(self) -> Iterator[str]:
        """Yield every list, with everything that its rows and what is nested in them show."""
        yield from (f"{self._many(shape)}(first: 250) {self._page(shape)}" for shape in self.shapes.values())

    def rows(self) -> Iterator[str]:
        """Yield every kind of row by its id, and as a node."""
        for shape in self.shapes.values():
            whole = selection(self.schema.type_map[shape.name], 0)
            for number in self.numbers:
                yield f"{lower_first(shape.name)}(id: {self.id_of(shape, number)}) {whole}"
            yield f"node(id: {self.id_of(shape, self.numbers[-1])}) {{ id __typename ... on {shape.name} {whole} }}"

    def narrowed(self) -> Iterator[str]:
        """Yield every list filtered, ordered, searched and paged in every way."""
        for shape in self.shapes.values():
            shown = f"{{ totalCount nodes {{ id {self._telling(shape)} }} }}"
            yield from (f"{self._many(shape)}(first: 250, filter: {condition}) {shown}" for condition in self._conditions(shape))
            yield from (f"{self._many(shape)}({order}) {{ nodes {{ id }} }}" for order in self._orders(shape))
            if shape.search:
                found = (quoted(word) for word in self._looked_for())
                yield from (f"{self._many(shape)}(first: 250, search: {word}) {shown}" for word in found)
            cursor = quoted(self.place.cursors.get(shape.name, "none"))
            yield f"{self._many(shape)}(last: 3, after: {cursor}, before: {cursor}) {shown}"

    def grouped(self) -> Iterator[str]:
        """Yield every list in groups."""
        for name, field in self._query().fields.items():
            if shape := field.extensions.get("aggregate"):
                ids = ", ".join(self.id_of(shape, number) for number in self.numbers)
                yield from groups_of(name, field, ids, self._looked_for())

    def searched(self) -> Iterator[str]:
        """Yield a search of everything for each text, type by type and at once."""
        shown = "{ nodes { id __typename } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
        for word in self._looked_for():
            for kind in self._choices("SearchedType"):
                yield f"search(text: {quoted(word)}, types: [{kind}], first: 50) {shown}"
            yield f"search(text: {quoted(word)}) {shown}"
        yield f'search(text: {quoted(self.words[-1])}, after: "none") {shown}'

    def _looked_for(self) -> tuple[str, ...]:
        """Return the texts that are searched for, a guessed secret with them."""
        return (*self.words, *([self.guess.word] if self.guess else []))

    def nested(self) -> Iterator[str]:
        """Yield every nested list with its arguments, a few of one kind of row together."""
        for shape in self.shapes.values():
            kind = self.schema.type_map[shape.name]
            assert isinstance(kind, GraphQLObjectType)
            names = [name for name, field in kind.fields.items() if isinstance(field.extensions["member"], ChildList)]
            for start in range(0, len(names), MOST_NESTED):
                asked = " ".join(self._nested(name, kind.fields[name]) for name in names[start : start + MOST_NESTED])
                yield f"{self._many(shape)}(first: 20) {{ nodes {{ id {asked} }} }}"

    def reports(self) -> Iterator[str]:
        """Yield every report and every hand-written field."""
        for name, field in self._query().fields.items():
            made = field.extensions.keys() & {"shape", "aggregate", "searches"}
            if not made and name != "node" and name not in self.left_out:
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

    @staticmethod
    def _telling(shape: Shape) -> str:
        """Return a field that shows a text, if the resource has one."""
        columns = ((name, each.field) for name, each in shape.members.items() if isinstance(each, Column))
        return next((name for name, field in columns if isinstance(field, (CharField, TextField)) and not field.choices), "")

    def _orders(self, shape: Shape) -> Iterator[str]:
        for at, value in enumerate(self._choices(f"{shape.name}OrderField")):
            yield "first: 250, " + ORDERED_BY.format(value, "ASC" if at % 2 else "DESC")

    def _nested(self, name: str, field: GraphQLField) -> str:
        child = self.shapes[field.extensions["member"].child.name]
        nothing = quoted(encode(child.name, key_of(child.model, NOWHERE)))
        given = f"first: 250, filter: {{not: {{id: {{eq: {nothing}}}}}}}, " + ORDERED_BY.format("ID", "ASC")
        searched = f", search: {quoted(self.words[-1])}" if child.search else ""
        changes = "changes { field before after }" if child.name == "AuditEntry" else ""
        asked = f"{name}({given}{searched}) {{ totalCount nodes {{ id {self._telling(child)} {changes} }} }}"
        if cursor := self.asking.cursors.get(child.name):
            asked += (
                f" by_{name}: {name}(last: 3, after: {quoted(cursor)}, before: {quoted(cursor)}) {{ totalCount nodes {{ id }} }}"
            )
        return asked

    def _report(self, name: str, field: GraphQLField) -> Iterator[str]:
        made = selection(field.type, 2)
        report = field.extensions.get("report")
        hints = {camel(each): hint for each, (hint, _) in parameters_of(report.selector).items()} if report else {}
        optional = {each for each, argument in field.args.items() if not is_required_argument(argument)}
        leaves = [get_named_type(each.type) for each in field.args.values()]
        enums = [len(each.values) for each in leaves if isinstance(each, GraphQLEnumType)]
        texts = self._texts(report) if "String" in _leaves(field) else []
        turns = range(max([len(self.numbers), len(texts), *enums]))
        kinds = self._kinds(hints)
        for turn, kind in [
            *((turn, kinds[0]) for turn in turns),
            *((at, kind) for kind in kinds[1:] for at in range(len(self.numbers))),
        ]:
            for left_out in (optional, *([set()] if optional and (texts or turn in (0, turns[-1])) else [])):
                given = {
                    each: self._argument(argument, hints.get(each), each, turn, kind, texts)
                    for each, argument in field.args.items()
                    if each not in left_out
                }
                yield f"{name}{arguments_text(given)} {made}"

    def _kinds(self, hints: dict[str, Any]) -> list[str]:
        """Return the types whose keys are tried where a report takes a key of anything."""
        if not any(_is_key(hint) for hint in hints.values()):
            return [""]
        return [shape.name for shape in self.shapes.values() if hasattr(shape.model, "MOVES")]

    def _texts(self, report: Any) -> list[str]:
        """Return the texts that a report is asked for: those of its module's hidden rows where they are guessed."""
        if self.guess is None or report is None:
            return list(self.words)
        shapes = [
            shape for shape in self.shapes.values() if shape.resource.module == report.module and shape.resource.scope.owner
        ]
        columns = [column for shape in shapes for column in shape.model._meta.concrete_fields if type(column) is CharField]
        texts = [f"{self.guess.word} {column.model.__name__}.{column.name} 1" for column in columns if not column.choices]
        return [*self.words, *texts[:MOST_GUESSES]]

    def _argument(self, argument: Any, hint: Any, name: str, turn: int, kind: str, texts: list[str]) -> str:
        number = self.numbers[turn % len(self.numbers)]

        def leaf(named: Any, _path: Any, _reader: Any) -> str | None:
            if named.name == "ID":
                resource = resource_of(_row_of(hint)) if _row_of(hint) else RESOURCES.get(kind or "Party")
                assert resource
                return quoted(encode(resource.name, self.place.key(resource, number)))
            if named.name == "String":
                return quoted(texts[turn % len(texts)])
            if isinstance(named, GraphQLEnumType):
                return list(named.values)[turn % len(named.values)]
            return '"2076-12-31"' if named.name == "Date" and name != "start" else None

        return literal(argument.type, leaf, optional=True, path=(name,))


def _leaves(field: GraphQLField) -> set[str]:
    """Return the names of the types of a field's arguments."""
    return {get_named_type(each.type).name for each in field.args.values()}


def _row_of(hint: Any) -> Any:
    """Return the model in a parameter's type, if there is one."""
    parts = [hint, *get_args(hint)]
    return next((each for each in parts if isinstance(each, type) and issubclass(each, Model)), None)


def _is_key(hint: Any) -> bool:
    return UUID in (hint, *get_args(hint))


def packed(parts: Iterable[str], operation: str = "query", most: int = MOST) -> Iterator[str]:
    """Yield documents of several root fields each, within the limits of a document."""
    waiting: list[str] = []
    fields = tokens = 0
    for part in parts:
        more = len(NAMES.findall(ARGUMENTS.sub("", part)))
        longer = tokens_in(part, LIMITS.tokens) + 2  # its alias
        if waiting and (len(waiting) >= most or fields + more > LIMITS.fields or tokens + longer > LIMITS.tokens - AROUND):
            yield _document(operation, waiting)
            waiting, fields, tokens = [], 0, 0
        waiting.append(part)
        fields, tokens = fields + more, tokens + longer
    if waiting:
        yield _document(operation, waiting)


def _document(operation: str, parts: list[str]) -> str:
    return f"{operation} {{ " + " ".join(f"a{at}: {part}" for at, part in enumerate(parts)) + " }"
