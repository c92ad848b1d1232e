"""Documents that were parsed and found valid, kept with what was made of them.

One that is valid in the whole schema serves every tenant that has the modules it needs, in that schema. Any other is
kept by the set of modules that it was valid for.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    specified_rules,
    validate,
)
from graphql.validation import MaxIntrospectionDepthRule

from tessera.errors import ApiError, Code
from tessera.graph.failures import bad_input, of_validation
from tessera.graph.giving_way import GivingWay
from tessera.graph.limits import LIMITS, Limits, Measure, check_length, too_complex
from tessera.graph.needs import Needs, named_in
from tessera.graph.parsing import parse
from tessera.graph.statements import Reading

KEPT_BYTES = 64 * 1024 * 1024
CHARACTER_BYTES = 120  # what a character takes once it is parsed
RULES = (*specified_rules, MaxIntrospectionDepthRule, GivingWay)


class Invalid(Exception):
    """Raised for a document that cannot be executed; `errors` are ready to be shown, `needs` are the modules that it names."""

    def __init__(self, errors: list[dict[str, Any]], needs: frozenset[str] = frozenset()) -> None:
        super().__init__(errors)
        self.errors, self.needs = errors, needs


class Unreadable(Invalid):
    """Raised for a text that no schema makes a document of."""


@dataclass(frozen=True)
class Document:
    """A valid document, its fragments and operations by name (None for the only, nameless one), and whether it asks for the schema.

    `needs` are the modules that it names, `deprecated` the places in it that are going to leave.
    """

    ast: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    operations: dict[str | None, OperationDefinitionNode]
    introspective: bool
    needs: frozenset[str] = frozenset()
    deprecated: tuple[str, ...] = ()
    readings: dict[str | None, Reading] = field(default_factory=dict)
    grow: Callable[[int], None] = lambda _bytes: None

    def reading(self, schema: GraphQLSchema, name: str | None) -> Reading:
        """Return what is kept of an operation that reads."""
        found = self.readings.get(name)
        if found is None:
            found = self.readings[name] = Reading(self.ast, self.fragments, self.operation(name), schema, self.grow)
        return found

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to be run; BAD_INPUT when the name fits none or is missing."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name not in self.operations or name is None:
            raise ApiError(Code.BAD_INPUT, "Name one of the document's operations.", field=["operationName"])
        return self.operations[name]


class Documents:
    """A cache bounded by the bytes that its documents take, with their statements; those used longest ago give way."""

    def __init__(self, most: int = KEPT_BYTES, limits: Limits = LIMITS) -> None:
        self.most, self.limits = most, limits
        self.bytes = self.made = 0
        self._kept: OrderedDict[tuple[Any, str], tuple[Document, list[int]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any, schema: GraphQLSchema, text: str, needs: Needs | None = None) -> Document:
        """Return a document for the schema that `key` stands for; raise Invalid or ApiError."""
        if found := self.kept(key, text):
            return found
        made = self._made(schema, text, needs)
        with self._lock:
            if (key, text) in self._kept:
                return self._kept[key, text][0]
            self.made += 1
            size = [0]
            made = replace(made, grow=partial(self._grow, (key, text), size))
            self._kept[key, text] = made, size
        made.grow(len(text) * CHARACTER_BYTES)
        return made

    def kept(self, key: Any, text: str) -> Document | None:
        """Return a document that was read before, None for any other."""
        with self._lock:
            if found := self._kept.get((key, text)):
                self._kept.move_to_end((key, text))
                return found[0]
        return None

    def _grow(self, at: tuple[Any, str], size: list[int], more: int) -> None:
        """Note that a document takes more bytes, or fewer; let others give way."""
        with self._lock:
            kept = self._kept.get(at)
            if kept is None or kept[1] is not size:
                return  # it gave way itself meanwhile
            size[0] += more
            self.bytes += more
            while self.bytes > self.most and self._kept:
                _, (_, old) = self._kept.popitem(last=False)
                self.bytes -= old[0]

    def clear(self) -> None:
        """Forget all documents."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0

    def _made(self, schema: GraphQLSchema, text: str, needs: Needs | None) -> Document:
        limits = self.limits
        check_length(text, limits)
        try:
            ast = parse(text, limits)
        except GraphQLSyntaxError as error:
            if "aborted" in error.message or "too deeply" in error.message:
                raise too_complex("tokens", limits.tokens) from error
            raise Unreadable([bad_input(error)]) from error
        measure = Measure(ast, limits)
        measure.check()
        needed = needs.of_document(ast) if needs else frozenset[str]()
        if errors := validate(schema, ast, RULES, max_errors=limits.errors, hide_suggestions=True):
            raise Invalid(of_validation(errors, ast), needed)
        operations = {d.name.value if d.name else None: d for d in ast.definitions if isinstance(d, OperationDefinitionNode)}
        leaving = schema.extensions.get("deprecated")
        deprecated = tuple(sorted(named_in(ast, schema).intersection(leaving))) if leaving else ()
        return Document(ast, measure.fragments, operations, measure.introspective, needed, deprecated)
