"""Limits on a document by itself, checked before it is validated: validation costs time as well.

What can be counted in a text is counted while it is parsed (`parsing`), what fragments add up to afterwards. Those are
counted as often as they are used, each walked once, so a document that explodes when expanded is refused in a time
proportional to its text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
)

from tessera.errors import ApiError, Code
from tessera.graph.giving_way import begin, give_way

BATCH = 250  # tokens
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
TOKEN = re.compile(  # a comment, or in a group whatever the lexer makes a token of; what does not end goes to the end
    r"""#[^\r\n]*|(\"{3}(?:[^"\\]|\\(?:.|\Z)|"(?!""))*+(?:\"{3}|\Z)|"(?:[^"\\\r\n]|\\(?:.|\Z))*+"?"""
    r"""|\.\.\.|[_A-Za-z]\w*|-?[0-9][\w.+-]*|[!$&():=@\[\]{|}])""",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True)
class Limits:
    """How large a document may be; `depth` counts fields below each other.

    `pairs` are those of fields that answer under one name at one place, fragments expanded: validation compares each.
    `values` are those in the variables of a change; of a question they are `asked_values`, room for the largest filter.
    """

    characters: int = 32_000
    tokens: int = 2_000
    comments: int = 200
    fragments: int = 30
    fields: int = 600
    depth: int = 12
    introspection_depth: int = 15
    aliases: int = 30
    root_fields: int = 20
    mutations: int = 10
    repeats: int = 10
    pairs: int = 3_000
    directives: int = 30
    directives_at_one_place: int = 3
    input_depth: int = 12
    operations: int = 20
    variables: int = 100
    arguments: int = 60
    values: int = 10_000
    asked_values: int = 1_000
    errors: int = 20


LIMITS = Limits()


@dataclass(frozen=True)
class Size:
    """What a selection amounts to, fragments expanded."""

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    introspective: bool = False

    def __add__(self, other: "Size") -> "Size":
        return Size(
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            max(self.depth, other.depth),
            self.introspective or other.introspective,
        )


def too_complex(limit: str, most: int) -> ApiError:
    """Return the refusal of a document beyond a limit."""
    return ApiError(Code.TOO_COMPLEX, f"The document goes beyond the limit of {most} ({limit.replace('_', ' ')}).", limit=limit)


def check_length(text: str, limits: Limits = LIMITS) -> None:
    """Raise TOO_COMPLEX for a text that is too long to be parsed; to parse a token takes forty times as long as to count it."""
    if len(text) > limits.characters:
        raise too_complex("characters", limits.characters)
    if tokens_in(text, limits.tokens) > limits.tokens:
        raise too_complex("tokens", limits.tokens)


def tokens_in(text: str, most: int) -> int:
    """Return how many tokens the lexer makes of a text, a comment being none; of more than `most` not all are counted."""
    matches, count = TOKEN.finditer(text), 0
    while count <= most and (batch := list(islice(matches, BATCH))):
        count += sum(match.lastindex is not None for match in batch)
        give_way()  # as nobody else can while a batch is looked for
    return count


class Measure:
    """Measure a document that was parsed within the limits; see the module's text."""

    def __init__(self, document: DocumentNode, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        self.introspective = False
        self._known: dict[str, Size] = {}

    def check(self) -> None:
        """Raise TOO_COMPLEX, naming the limit, unless the document is within all of them."""
        for operation in self.operations:
            self._directives(operation)
            self._at_most("variables", len(operation.variable_definitions))
            size = self._of(operation.selection_set, frozenset())
            for limit in ("fields", "aliases", "directives"):
                self._at_most(limit, getattr(size, limit))
            self.introspective |= size.introspective
            self._at_most("introspection_depth" if size.introspective else "depth", size.depth)
            self._at_most("pairs", self._pairs([operation.selection_set]))
            roots = sum(1 for _ in self._fields(operation.selection_set))
            self._at_most("root_fields", roots)
            if operation.operation is OperationType.MUTATION:
                self._at_most("mutations", roots)

    def _pairs(self, merged: list[SelectionSetNode]) -> int:
        """Count the pairs in selections that are answered at one place; that they have not too many fields is known."""
        named: dict[str, list[FieldNode]] = defaultdict(list)
        for selections in merged:
            for field in self._fields(selections):
                named[(field.alias or field.name).value].append(field)
        count = 0
        for fields in named.values():
            count += len(fields) * (len(fields) - 1) // 2
            if inner := [field.selection_set for field in fields if field.selection_set]:
                count += self._pairs(inner)
        return count

    def _at_most(self, limit: str, count: int) -> None:
        if count > getattr(self.limits, limit):
            raise too_complex(limit, getattr(self.limits, limit))

    def _fields(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        for each in selections.selections:
            if isinstance(each, FieldNode):
                yield each
            elif inner := self._inside(each):
                yield from self._fields(inner)

    def _inside(self, each: Any) -> SelectionSetNode | None:
        """Return the selections of a fragment; None for one that is not there, as validation reports."""
        if not isinstance(each, FragmentSpreadNode):
            return each.selection_set
        fragment = self.fragments.get(each.name.value)
        return fragment.selection_set if fragment else None

    def _directives(self, node: Any) -> int:
        self._at_most("directives_at_one_place", len(node.directives))
        return len(node.directives)

    def _of(self, selections: SelectionSetNode, above: frozenset[str]) -> Size:
        size = Size()
        for each in selections.selections:
            give_way()
            size += Size(directives=self._directives(each))
            if isinstance(each, FieldNode):
                size += self._field(each, above)
                self._at_most("fields", size.fields)
            elif isinstance(each, FragmentSpreadNode):
                size += self._of_fragment(each, above)
            elif isinstance(each, InlineFragmentNode):
                size += self._of(each.selection_set, above)
        return size

    def _of_fragment(self, each: FragmentSpreadNode, above: frozenset[str]) -> Size:
        name, inner = each.name.value, self._inside(each)
        if name in above:
            raise ApiError(Code.BAD_INPUT, f"The fragment {name} is spread within itself.")
        if inner and name not in self._known:
            self._known[name] = self._of(inner, above | {name})
        return self._known.get(name, Size())

    def _field(self, node: FieldNode, above: frozenset[str]) -> Size:
        self._at_most("arguments", len(node.arguments))
        for argument in node.arguments:
            _check_value(argument.value, (argument.name.value,), self.limits.input_depth)
        inner = self._of(node.selection_set, above) if node.selection_set else Size()
        return Size(
            inner.fields + 1,
            inner.aliases + (node.alias is not None),
            inner.directives,
            inner.depth + 1,
            inner.introspective or node.name.value in ("__schema", "__type"),
        )


def _check_value(node: Node, path: tuple[str, ...], depth: int) -> None:
    if depth < 0:
        raise too_complex("input_depth", LIMITS.input_depth)
    if isinstance(node, StringValueNode):
        check_text(node.value, path)
    elif isinstance(node, ListValueNode):
        for place, each in enumerate(node.values):
            _check_value(each, (*path, str(place)), depth - 1)
    elif isinstance(node, ObjectValueNode):
        for entry in node.fields:
            _check_value(entry.value, (*path, entry.name.value), depth - 1)


def check_text(text: str, path: tuple[str, ...]) -> None:
    """Raise BAD_INPUT for characters that no column can hold: NUL, and halves of pairs."""
    if UNSTORABLE.search(text):
        raise _unstorable(path)


def _unstorable(path: Iterable[str]) -> ApiError:
    return ApiError(Code.BAD_INPUT, "The text has a character that cannot be stored.", field=list(path))


def check_variables(variables: Any, *, asks: bool = False) -> None:
    """Raise BAD_INPUT or TOO_COMPLEX for a text, a nesting or a number of values that cannot be.

    What only `asks` may hold fewer than what changes something.
    """
    begin()
    try:
        _values_in(variables, LIMITS.input_depth, "asked_values" if asks else "values")
    except _Unstorable as found:
        raise _unstorable(reversed(found.path)) from None


class _Unstorable(Exception):
    """Raised for a text that no column can hold; `path` leads to it from the end, and is written on the way up."""

    def __init__(self, *path: str) -> None:
        self.path = [*path]


def _values_in(value: Any, depth: int, limit: str) -> int:
    """Count the values, after a look at each; no further than they may be."""
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise _Unstorable
        return 1
    if not isinstance(value, (dict, list)):
        return 1
    if depth < 0:
        raise too_complex("input_depth", LIMITS.input_depth)
    if isinstance(value, dict) and UNSTORABLE.search("".join(value)):
        raise _Unstorable(next(name for name in value if UNSTORABLE.search(name)))
    give_way()
    count, most = 1, getattr(LIMITS, limit)
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, (str, dict, list)):
            try:
                count += _values_in(inner, depth - 1, limit)
            except _Unstorable as found:
                found.path.append(str(name))
                raise
        else:
            count += 1
        if count > most:
            raise too_complex(limit, most)
    return count
