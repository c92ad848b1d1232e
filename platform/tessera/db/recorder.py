"""Record what a migration does, by really migrating a scratch schema that is rolled back.

`sqlmigrate` is not enough: it leaves out what depends on the state of the database. The
statements are taken from the connection while Django's own schema editor runs them.
"""

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    Migration,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tessera.context import TenantRef, enter, system
from tessera.db.roles import as_owner
from tessera.db.scripts import CannotReplay, Key, Script, Step, digest_of, migration_at
from tessera.fields import new_id

TOGETHER = ((CreateModel,), (AddField, AddConstraint, AddIndex))
PLUMBING = re.compile(r"\s*(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO|SET search_path|SET LOCAL ROLE)\b")
READING = re.compile(r"\s*(SELECT|SHOW|EXPLAIN)\b", re.IGNORECASE)
REFUSED = {
    re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE): "CONCURRENTLY cannot run in the tenant's one transaction",
    re.compile(r"\bCREATE\s+EXTENSION\b", re.IGNORECASE): "extensions live in the schema ext and belong to the operator",
    re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*;?\s*$", re.IGNORECASE): "the installer owns the transaction",
    re.compile(r"\bsearch_path\b", re.IGNORECASE): "the search path is the tenant's and stays so",
    re.compile(r'("public"|\bpublic)\s*\.', re.IGNORECASE): "tenant tables know nothing of the public schema",
}
OBJECTS = """
    SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = %s::regnamespace
    UNION ALL SELECT typname FROM pg_type WHERE typnamespace = %s::regnamespace AND typtype IN ('e', 'd', 'r')
"""


class Tape:
    """Gather the statements of one migration as its steps."""

    def __init__(self, scratch: str, key: Key) -> None:
        self.scratch, self.key = scratch, key
        self.steps: list[Step] = []
        self.statements: list[str] = []
        self.literal = False  # inside RunSQL, where a SELECT is meant to be run

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict) -> Any:
        result = execute(sql, params, many, context)
        sql = str(sql)
        if PLUMBING.match(sql) or (READING.match(sql) and not self.literal):
            return result
        if many:
            raise self.refusal("a statement that is run many times at once cannot be recorded")
        if params:
            sql = context["connection"].ops.compose_sql(sql, params)
        for pattern, why in REFUSED.items():
            if pattern.search(sql):
                raise self.refusal(why)
        if self.scratch in sql:
            raise self.refusal("a statement names the schema it runs in")
        self.statements.append(sql.strip().rstrip(";"))
        return result

    def refusal(self, why: str) -> CannotReplay:
        return CannotReplay(f"{'.'.join(self.key)}: {why}")

    def code(self, path: tuple[int, ...]) -> None:
        """Put a step of Python between the statements."""
        self.flush()
        self.steps.append(Step(code=path))

    def flush(self) -> None:
        if self.statements:
            self.steps.append(Step(sql="\n;\n".join(self.statements)))
            self.statements = []


class _Code(Operation):
    """Stand in for a RunPython: a scratch schema has no rows to move."""

    def __init__(self, path: tuple[int, ...], tape: Tape) -> None:
        self.path, self.tape = path, tape

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the state as it is."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.tape.code(self.path)


class _Literal(Operation):
    """Run a RunSQL and record every statement of it."""

    def __init__(self, operation: RunSQL, tape: Tape) -> None:
        self.operation, self.tape = operation, tape

    def state_forwards(self, app_label: str, state: Any) -> None:
        self.operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.tape.literal = True
        try:
            self.operation.database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            self.tape.literal = False


def _taped(operations: list[Any], tape: Tape, above: tuple[int, ...] = ()) -> list[Any]:
    """Return the operations of a migration with those that need care replaced."""
    made: list[Any] = []
    for position, operation in enumerate(operations):
        path = (*above, position)
        if isinstance(operation, RunPython):
            if operation.atomic is False:
                raise tape.refusal("RunPython(atomic=False) cannot run in the tenant's one transaction")
            if operation.code is not RunPython.noop:
                made.append(_Code(path, tape))
        elif isinstance(operation, RunSQL):
            made.append(_Literal(operation, tape))
        elif isinstance(operation, SeparateDatabaseAndState):
            inner = copy.copy(operation)
            inner.database_operations = _taped(operation.database_operations, tape, path)
            made.append(inner)
        else:
            if isinstance(operation, AlterField) and operation.field.primary_key:
                raise tape.refusal("a primary key is for good: tables of other modules may point to it")
            made.append(operation)
    return made


class _Undo(Exception):
    pass


@contextmanager
def _scratch() -> Iterator[str]:
    """Enter a new schema as the owner; it is gone afterwards, whatever happens."""
    name = f"scratch_{new_id().hex}"
    try:
        with enter(TenantRef(new_id(), name), actor=system("record migrations"), modules=frozenset()), as_owner():
            with connections["default"].cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{name}"')
            yield name
            raise _Undo
    except _Undo:
        pass


def record(keys: list[Key], scripts: dict[str, Script]) -> list[Script]:
    """Record the migrations `keys` (in order, complete), adding to `scripts` by digest; return the new ones."""
    made: list[Script] = []
    if all(digest_of(key) in scripts for key in keys):
        return made
    connection = connections["default"]
    state = ProjectState()
    with _scratch() as schema:
        before = _objects(schema)
        for key in keys:
            migration, digest = migration_at(key), digest_of(key)
            if known := scripts.get(digest):
                with connection.cursor() as cursor:
                    for step in known.steps:
                        if step.sql:
                            cursor.execute(step.sql)
                state.__dict__.pop("apps", None)
                state = migration.mutate_state(state, preserve=False)
                before = _objects(schema)
                continue
            tape = Tape(schema, key)
            state = _apply(migration, state, tape)
            after = _objects(schema)
            _check_names(key, after - before)
            before = after
            scripts[digest] = Script(key, digest, tuple(tape.steps))
            made.append(scripts[digest])
    return made


def _apply(migration: Migration, state: ProjectState, tape: Tape) -> ProjectState:
    """Migrate the scratch schema, as Django's `Migration.apply` does but in runs of operations."""
    if not migration.atomic:
        raise tape.refusal("a migration with atomic = False cannot run in the tenant's one transaction")
    connection, label = connections["default"], migration.app_label
    with connection.execute_wrapper(tape), connection.schema_editor() as editor:
        for run in _runs(_taped(migration.operations, tape)):
            state.__dict__.pop("apps", None)
            after = state.clone()
            for operation in run:
                operation.state_forwards(label, after)
            before = after if len(run) > 1 else state
            for operation in run:
                operation.database_forwards(label, editor, before, after)
            state = after
    tape.flush()
    return state


def _runs(operations: list[Any]) -> list[list[Any]]:
    """Group operations that can share one rendering of the models, which is what migrations spend their time on.

    What a model, column, constraint or index is made of does not depend on the others of its run.
    """
    runs: list[list[Any]] = []
    for operation in operations:
        kind = next((kinds for kinds in TOGETHER if isinstance(operation, kinds)), None)
        if runs and kind and isinstance(runs[-1][0], kind):
            runs[-1].append(operation)
        else:
            runs.append([operation])
    return runs


def _objects(schema: str) -> set[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute(OBJECTS, [f'"{schema}"'] * 3)
        return {name for (name,) in cursor.fetchall()}


def _check_names(key: Key, names: set[str]) -> None:
    """Refuse what does not carry the app's label: purging finds a module's things by that prefix."""
    if wrong := sorted(name for name in names if not name.startswith(f"{key[0]}_")):
        raise CannotReplay(f"{'.'.join(key)}: name what a module makes {key[0]}_..., not {', '.join(wrong)}")
