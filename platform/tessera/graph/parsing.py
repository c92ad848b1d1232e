"""Read the text of a document, and stop where it goes beyond a limit: to refuse it the rest need not be read.

What fragments amount to where they are used is only known afterwards; `Measure` counts that.
"""

from collections import Counter
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)
from graphql.language.parser import Parser, nested_too_deeply_error

from tessera.graph.giving_way import begin, give_way
from tessera.graph.limits import Limits, too_complex


def parse(text: str, limits: Limits) -> DocumentNode:
    """Parse a document as graphql-core does; raise GraphQLSyntaxError, or TOO_COMPLEX for one beyond `limits`."""
    begin()
    parser = _Parser(text, limits)
    try:
        return parser.parse_document()
    except RecursionError:
        raise nested_too_deeply_error(parser) from None


class _Parser(Parser):
    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
        self.limits = limits
        self.definitions = Counter[str]()
        self.parts = Counter[str]()  # of the definition that is read
        self.selections: list[Counter[str]] = []  # response names, and spreads as one, of each selection that is open

    def advance_lexer(self) -> None:
        super().advance_lexer()
        give_way()

    def parse_definition(self) -> Any:
        self.parts.clear()
        node = super().parse_definition()
        self._count(self.definitions, "fragments" if isinstance(node, FragmentDefinitionNode) else "operations")
        return node

    def parse_selection_set(self) -> SelectionSetNode:
        self.selections.append(Counter())
        node = super().parse_selection_set()
        self.selections.pop()
        return node

    def parse_field(self) -> FieldNode:
        node = super().parse_field()
        self._count(self.parts, "fields")
        if node.alias:
            self._count(self.parts, "aliases")
        self._count(self.selections[-1], (node.alias or node.name).value, "repeats")
        return node

    def parse_fragment(self) -> FragmentSpreadNode | InlineFragmentNode:
        node = super().parse_fragment()
        if isinstance(node, FragmentSpreadNode):
            self._count(self.selections[-1], "...", "fragments")
        return node

    def parse_directive(self, is_const: bool) -> Any:
        self._count(self.parts, "directives")
        return super().parse_directive(is_const)

    def _count(self, counts: Counter[str], what: str, limit: str = "") -> None:
        counts[what] += 1
        most = getattr(self.limits, limit or what)
        if counts[what] > most:
            raise too_complex(limit or what, most)
