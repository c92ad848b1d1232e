"""The statements of a document, made at its first request and kept: the next one only fills in values.

A statement is found by the values of the variables that decide it, the form of the others, and what the context answers to the
questions that were asked while it was made. Where there is none, or where one cannot be filled, the plan answers.
"""

import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson
from django.db import connections
from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, type_from_ast
from graphql.execution.collect_fields import collect_fields
from psycopg import sql

from tessera.context import Context, current, instead
from tessera.db.prepared import Prepared, Proof, Told
from tessera.errors import ApiError
from tessera.graph.asking import Asking, Question, answers
from tessera.graph.cost import Estimate, spend
from tessera.graph.json_sql import LIST, OBJECT, Writer
from tessera.graph.plan import Planner
from tessera.graph.sent import as_one, proven, row_of
from tessera.graph.slots import CursorSlot, Slot, Unfit, Values
from tessera.graph.sql_text import Sql, Statement, statement
from tessera.graph.variables import at, form_of_value, parameters_of, slot_of, spread, with_slots

MOST_CALLS, MOST_FORMS = 64, 64  # of one operation: by deciding values, and of one call: statements
CALL_BYTES, FAMILY_BYTES = 4_000, 2_000
_MISSING = object()
Found = list[tuple["Statement", "Values"]]
_OBJECT, _LIST = OBJECT.encode(), LIST.encode()


class Read(Protocol):
    """A root field that reads rows: how a statement is written for it."""

    def write(self, planner: Planner, writer: Writer) -> Sql:
        """Return the JSON of the field as an SQL expression; raise Unfit where PostgreSQL cannot write it."""


class _Planner(Planner):
    """Plans with slots in the place of the variables that are parameters."""

    def __init__(self, execution: Any, slots: dict[str, Any]) -> None:
        super().__init__(execution)
        self.slots = slots

    def arguments(self, field: Any, node: FieldNode) -> dict[str, Any]:
        made = super().arguments(field, node)
        for each in node.arguments:
            name = each.name.value
            if made.get(name) is not None:
                made[name] = with_slots(each.value, field.args[name].type, self.variables, self.slots)
        return made


@dataclass
class _Family:
    """The statements that differ only in which values of their cursors are null; None for what no statement can be made of."""

    cursors: list[tuple[tuple[Any, ...], Callable[[str], list[Any]]]]
    statements: dict[Any, Statement | None] = field(default_factory=dict)


class _Root:
    """What was made for one root field: by the questions asked meanwhile and their answers."""

    def __init__(self) -> None:
        self.made: dict[tuple[Question, ...], dict[tuple[Any, ...], _Family]] = {}

    def find(self, context: Context, variables: dict[str, Any]) -> tuple[Statement | None, Values] | None:
        """Return the statement for a context (None: no statement can be made) with its values; None where it is not known yet."""
        for questions, known in tuple(self.made.items()):  # other threads add to it
            family = known.get(answers(questions, context))
            if family is not None:
                values = Values(variables, context, [read(at(path, variables)) for path, read in family.cursors])
                nulls = _nulls(values.cursors)
                return (family.statements[nulls], values) if nulls in family.statements else None
        return None

    def keep(self, asking: Asking, cursors: list[CursorSlot], made: Statement | None, values: list[list[Any]]) -> None:
        """Keep a statement under what was asked for it."""
        known = self.made.setdefault(tuple(asking.answers), {})
        if len(known) >= MOST_FORMS:
            known.clear()
        family = known.setdefault(tuple(asking.answers.values()), _Family([(each.path, each.read) for each in cursors]))
        family.statements[_nulls(values)] = made


def _nulls(cursors: list[list[Any]]) -> tuple[Any, ...]:
    return tuple([tuple([value is None for value in each]) for each in cursors])


class Call:
    """An operation with the values of the variables that decide it."""

    def __init__(self, reading: "Reading", variables: dict[str, Any]) -> None:
        self.reading = reading
        self.schema, self.fragments, self.operation = reading.schema, reading.fragments, reading.operation
        self.variable_values = variables
        self.cost = Estimate(self).of(self.operation)
        root = self.schema.query_type
        assert root is not None
        self.nodes = collect_fields(self.schema, self.fragments, variables, root, self.operation.selection_set)
        self.roots: dict[str, _Root] = {}
        self.whole = True  # whether every root field is one that reads rows
        for key, nodes in self.nodes.items():
            named = root.fields.get(nodes[0].name.value)
            if named is not None and named.extensions.get("reads"):
                self.roots[key] = _Root()
            else:
                self.whole = False
        self.variable_values = {}  # the values of the first request are not kept
        self._prepared: dict[tuple[Any, ...], tuple[Prepared, list[tuple[int, Any]]]] = {}
        self.weight = CALL_BYTES

    def find(self, variables: dict[str, Any]) -> Found | None:
        """Return the statement of every root field with its values; None unless all are known and can be filled."""
        if not self.whole:
            return None
        context, found = current(), []
        try:
            for root in self.roots.values():
                one = root.find(context, variables)
                if one is None or one[0] is None:
                    return None
                found.append(one)
        except ApiError:
            return None  # the plan says what is wrong with the cursor
        return found  # type: ignore[return-value]

    def run(self, found: Found, proof: Proof | None = None) -> dict[str, Any] | None:
        """Return the data of the operation; None where there is no such row or a value that only the plan can tell of.

        Changed is raised where the `proof` of who asks holds no longer.
        """
        try:
            made = self._run(found, proof)
        except Unfit:
            return None
        return None if made is None else dict(zip(self.roots, made, strict=True))

    def read(self, execution: Any, key: str, read: Read) -> Any:
        """Return the finished root field `key`, by a statement that is known or made now; None where the plan has to answer."""
        root = self.roots.get(key)
        if root is None:
            return None
        variables, context = execution.variable_values, current()
        try:
            known = root.find(context, variables) or self._make(root, context, execution, read)
            if known[0] is None:
                return None
            made = self._run([known])  # type: ignore[list-item]
        except (ApiError, Unfit):
            return None  # the plan says what is wrong, or can do what a statement cannot
        return None if made is None else made[0]

    def _make(self, root: _Root, context: Context, execution: Any, read: Read) -> tuple[Statement | None, Values]:
        asking = Asking(context)
        cursors: list[CursorSlot] = []
        given: list[Slot] = []
        slots = self.reading.slots(execution.variable_values, cursors, given)
        connection = connections["default"]
        connection.ensure_connection()  # which knows how constants are written
        made: Statement | None = None
        try:
            with instead(asking), connection.execute_wrapper(_no_statement):
                writer = Writer()
                written = read.write(_Planner(execution, slots), writer)
            made = statement(written, writer.cursors, lambda value: sql.Literal(value).as_string(connection.connection))
        except Unfit:
            made = None
        if made:
            asked = {id(each.fill) for each in made.parameters}
            made = replace(made, unasked=tuple(each for one in given for each in one.derived if id(each.fill) not in asked))
        values = Values(execution.variable_values, context, [each.read(each.sample) for each in cursors])
        root.keep(asking, cursors, made, values.cursors)
        more = (made.weight if made else 0) + FAMILY_BYTES
        self.weight += more
        self.reading.grow(more)
        return made, values

    def _run(self, found: Found, proof: Proof | None = None) -> list[Any] | None:
        statements = tuple([each for each, _ in found])
        text, places = self._one(statements, proof.here if proof else None)
        try:
            given = [slot.fill(found[at][1]) for at, slot in places]
            for each, values in found:
                for slot in each.unasked:
                    slot.fill(values)
        except ValueError as error:
            raise Unfit("an id of something else") from error
        rows = proven(text, given, proof) if proof else row_of(text, given)
        finished = [each.finish(made) for each, made in zip(statements, rows, strict=True) if made is not None]
        if len(finished) < len(rows):
            return None  # a row that is not there
        for made in finished:
            spend(objects=made.count(_OBJECT), lists=made.count(_LIST))
        return [orjson.Fragment(made) for made in finished]

    def _one(self, statements: tuple[Statement, ...], first: Told | None) -> tuple[Prepared, list[tuple[int, Any]]]:
        key = (*statements, first and first.text)
        known = self._prepared.get(key)
        if known is None:
            if len(self._prepared) >= MOST_FORMS:
                self._prepared.clear()
            known = self._prepared[key] = as_one(statements, first)
        return known


def _no_statement(*_: Any) -> Any:
    raise Unfit("what is planned by rows of one tenant serves no other")


class Reading:
    """One operation of a document that reads, for the schema it was valid for."""

    def __init__(
        self,
        document: DocumentNode,
        fragments: dict[str, Any],
        operation: OperationDefinitionNode,
        schema: Any,
        grow: Callable[[int], None],
    ) -> None:
        self.schema: GraphQLSchema = schema
        self.grow = grow  # told how many bytes more are kept
        self.fragments, self.operation = fragments, operation
        self.kinds = {each.variable.name.value: type_from_ast(schema, each.type) for each in operation.variable_definitions or ()}
        self.parameters = {n: place for n, place in parameters_of(document, schema).items() if n in self.kinds}
        self.calls: dict[Any, Call] = {}

    def call(self, variables: dict[str, Any]) -> Call:
        """Return the call with these variables."""
        key = tuple([self._key(name, variables.get(name, _MISSING)) for name in self.kinds])
        found = self.calls.get(key)
        if found is None:
            if len(self.calls) >= MOST_CALLS:
                self.grow(-sum(each.weight for each in self.calls.values()))
                self.calls = {}
            found = self.calls[key] = Call(self, variables)
            self.grow(found.weight)
        return found

    def _key(self, name: str, value: Any) -> Any:
        if value is _MISSING or value is None:
            return value
        return form_of_value(value, self.kinds[name]) if name in self.parameters else repr(value)

    def slots(self, variables: dict[str, Any], cursors: list[CursorSlot], given: list[Slot]) -> dict[str, Any]:
        """Return what stands for each variable that is a parameter; slots are noted in `given`, cursors that are read in `cursors`."""
        outside = contextvars.copy_context().run
        made: dict[str, Any] = {}

        def put(path: tuple[Any, ...], kind: Any, value: Any) -> Slot:
            given.append(slot_of(path, kind, value))
            return given[-1]

        for name, place in self.parameters.items():
            value = variables.get(name)
            if value is None:
                continue
            if place == "cursor":
                made[name] = CursorSlot((name,), value, cursors, outside)
            else:
                made[name] = spread(value, self.kinds[name], (name,), put)[0]
        return made
