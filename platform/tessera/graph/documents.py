"""Documents that were parsed and found valid, kept by the set of modules they were valid for."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import MaxIntrospectionDepthRule

from tessera.errors import ApiError, Code
from tessera.graph.failures import bad_input, of_validation
from tessera.graph.limits import LIMITS, Limits, Measure, too_complex
from tessera.graph.statements import Reading

KEPT_BYTES = 64 * 1024 * 1024
CHARACTER_BYTES = 120  # what a character takes once it is parsed
RULES = (*specified_rules, MaxIntrospectionDepthRule)


class Invalid(Exception):
    """Raised for a document that cannot be executed; `errors` are ready to be shown."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True)
class Document:
    """A valid document, its operations by name (None for the only, nameless one), and whether it asks for the schema."""

    ast: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    introspective: bool
    readings: dict[str | None, Reading] = field(default_factory=dict)

    def reading(self, schema: GraphQLSchema, name: str | None) -> Reading:
        """Return what is kept of an operation that reads."""
        found = self.readings.get(name)
        if found is None:
            fragments = {each.name.value: each for each in self.ast.definitions if isinstance(each, FragmentDefinitionNode)}
            found = self.readings[name] = Reading(self.ast, fragments, self.operation(name), schema)
        return found

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to be run; BAD_INPUT when the name fits none or is missing."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name not in self.operations or name is None:
            raise ApiError(Code.BAD_INPUT, "Name one of the document's operations.", field=["operationName"])
        return self.operations[name]


class Documents:
    """A cache bounded by the length of the texts in it."""

    def __init__(self, characters: int = KEPT_BYTES // CHARACTER_BYTES, limits: Limits = LIMITS) -> None:
        self.characters, self.limits = characters, limits
        self._kept: OrderedDict[tuple[Any, str], Document] = OrderedDict()
        self._length = 0
        self._lock = threading.Lock()

    def get(self, key: Any, schema: GraphQLSchema, text: str) -> Document:
        """Return a document for the schema that `key` stands for; raise Invalid or ApiError."""
        with self._lock:
            if found := self._kept.get((key, text)):
                self._kept.move_to_end((key, text))
                return found
        made = self._made(schema, text)
        with self._lock:
            if (key, text) not in self._kept:
                self._kept[key, text] = made
                self._length += len(text)
            while self._length > self.characters:
                (_, old), _ = self._kept.popitem(last=False)
                self._length -= len(old)
        return made

    def clear(self) -> None:
        """Forget all documents."""
        with self._lock:
            self._kept.clear()
            self._length = 0

    def _made(self, schema: GraphQLSchema, text: str) -> Document:
        limits = self.limits
        if len(text) > limits.characters:
            raise too_complex("characters", limits.characters)
        try:
            ast = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
        except GraphQLSyntaxError as error:
            if "aborted" in error.message or "too deeply" in error.message:
                raise too_complex("tokens", limits.tokens) from error
            raise Invalid([bad_input(error)]) from error
        measure = Measure(ast, limits)
        measure.check()
        if errors := validate(schema, ast, RULES, max_errors=limits.errors, hide_suggestions=True):
            raise Invalid([of_validation(error, ast) for error in errors])
        operations = {d.name.value if d.name else None: d for d in ast.definitions if isinstance(d, OperationDefinitionNode)}
        return Document(ast, operations, measure.introspective)
