"""From a selection set to a plan: which columns, joins and further statements answer it.

A plan is made for one request and one actor. Rights are decided here, wherever a type is reached:
without the right to view it a relation reads as null and a nested list as empty; without a field's
right the field reads as null; every statement starts from the rows in the actor's scope.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Expression, QuerySet, UUIDField
from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    get_named_type,
)
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.cost import spend
from tessera.graph.forms import Form, form_of, id_form
from tessera.graph.shapes import ChildList, Column, ComputedField, Relation, Shape, Shapes
from tessera.scope import may_view, scoped, visible

KEY = "id"  # every table of a tenant has this key; `pk` would be read as a second column
MOST_ROWS = 200_000
Row = tuple[Any, ...]
Get = Callable[[Row], Any]


class Parent(Expression):
    """The key of the row that a nested list belongs to, in a statement that PostgreSQL runs for each of them."""

    output_field = UUIDField()

    def __init__(self, column: str = '"_parent"."id"') -> None:
        super().__init__()
        self.column = column

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return self.column, []


class Columns:
    """The columns that one statement reads, each once, by their place in its rows."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def at(self, path: str) -> int:
        """Return the place of a column, adding it."""
        return self.places.setdefault(path, len(self.places))

    def read(self, rows: QuerySet[Any]) -> list[Row]:
        """Return the rows of a queryset as tuples of these columns."""
        return list(rows.values_list(*self.places))

    def read_for_each(self, rows: QuerySet[Any], parents: list[UUID]) -> list[Row]:
        """Return the rows of a limited queryset about `Parent()`, for each parent in its order, all by one statement.

        PostgreSQL runs it for one parent after the other, so a parent with many rows costs no more than its page.
        """
        connection = connections[rows.db]
        compiler = rows.values_list(*self.places).query.get_compiler(connection=connection)
        try:
            text, parameters = compiler.as_sql()
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            each = f"SELECT r.* FROM unnest(%s::uuid[]) AS _parent(id), LATERAL ({text}) r"  # noqa: S608  (Django made it)
            cursor.execute(each, (parents, *parameters))
            found = cursor.fetchall()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return [tuple(row) for row in compiler.apply_converters(found, converters)] if converters else found


class Planner:
    """What every plan of a request needs: the document, its variables, and the shapes, as the execution of an operation knows them."""

    def __init__(self, info: GraphQLResolveInfo | ExecutionContext) -> None:
        self.schema = info.schema
        self.fragments = info.fragments
        self.variables = info.variable_values
        self.shapes: Shapes = info.schema.extensions["shapes"]
        self.rows = 1

    def selected(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> Iterable[tuple[str, str, list[FieldNode]]]:
        """Yield (response key, field name, field nodes) of a selection on `kind`."""
        for key, found in collect_sub_fields(self.schema, self.fragments, self.variables, kind, nodes).items():
            yield key, found[0].name.value, found

    @contextmanager
    def times(self, size: int) -> Iterator[None]:
        """Plan what hangs on each of `size` rows; TOO_COMPLEX where all pages together may grow too large."""
        self.rows *= size
        if self.rows > MOST_ROWS:
            raise ApiError(
                Code.TOO_COMPLEX, f"The lists in this selection may have more than {MOST_ROWS} rows together.", limit="rows"
            )
        yield
        self.rows //= size

    def arguments(self, field: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Return the arguments of a field."""
        return get_argument_values(field, node, self.variables)


class Part:
    """One field of a node: made ready for all rows of a statement at once, then asked per row."""

    def ready(self, rows: list[Row]) -> Get:
        raise NotImplementedError


class Constant(Part):
    """A value that is the same for every row."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def ready(self, rows: list[Row]) -> Get:
        value = self.value
        return lambda row: value


class Cell(Part):
    """A column as it leaves."""

    def __init__(self, place: int, form: Form) -> None:
        self.place, self.form = place, form

    def ready(self, rows: list[Row]) -> Get:
        place, convert = self.place, self.form.python
        if convert is None:
            return itemgetter(place)
        return lambda row: None if (value := row[place]) is None else convert(value)


class Looked(Part):
    """A row of another statement, found by the key in a column; hidden and absent ones read as null."""

    def __init__(self, place: int, plan: "NodePlan") -> None:
        self.place, self.plan = place, plan

    def ready(self, rows: list[Row]) -> Get:
        place = self.place
        found = self.plan.by_key({row[place] for row in rows if row[place] is not None})
        return lambda row: found.get(row[place])


class Joined(Part):
    """A row that the same statement reads by a join."""

    def __init__(self, plan: "NodePlan") -> None:
        self.plan = plan

    def ready(self, rows: list[Row]) -> Get:
        place = self.plan.key
        get = self.plan.ready([row for row in rows if row[place] is not None])
        return lambda row: None if row[place] is None else get(row)


class Paged(Part):
    """A nested list, one statement for the pages of all rows."""

    def __init__(self, place: int, plan: Any) -> None:
        self.place, self.plan = place, plan

    def ready(self, rows: list[Row]) -> Get:
        place = self.place
        found = self.plan.by_parent({row[place] for row in rows})
        return lambda row: found[row[place]]


class Loaded(Part):
    """A computed field, loaded for all rows at once."""

    def __init__(self, place: int, load: Callable[..., Any], value: Any) -> None:
        self.place, self.load, self.value = place, load, value

    def ready(self, rows: list[Row]) -> Get:
        place = self.place
        keys = list(dict.fromkeys(row[place] for row in rows))
        loaded = self.load(ids=keys) if keys else {}
        made = self.value.render_all([loaded.get(key) for key in keys])
        found = dict(zip(keys, made, strict=True))
        return lambda row: found[row[place]]


class NodePlan:
    """The fields of one selection on rows of a resource."""

    def __init__(self, shape: Shape, columns: Columns, key: int) -> None:
        self.shape, self.columns, self.key = shape, columns, key
        self.parts: list[tuple[str, Part]] = []

    def ready(self, rows: list[Row]) -> Get:
        """Return how a row of the statement becomes a dict."""
        spend(objects=len(rows))
        gets = [(name, part.ready(rows)) for name, part in self.parts]
        return lambda row: {name: get(row) for name, get in gets}

    def by_key(self, keys: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return the rows with these keys that the actor may see, finished, by key."""
        wanted = list(keys)
        if not wanted:
            return {}
        rows = self.columns.read(scoped(self.shape.resource).filter(pk__in=wanted).order_by())
        get = self.ready(rows)
        return {row[self.key]: get(row) for row in rows}


def own_plan(planner: Planner, shape: Shape, kind: GraphQLObjectType, nodes: list[FieldNode]) -> NodePlan:
    """Plan a selection with a statement of its own."""
    columns = Columns()
    plan = NodePlan(shape, columns, columns.at(KEY))
    fill(planner, plan, kind, nodes, "")
    return plan


def fill(planner: Planner, plan: NodePlan, kind: GraphQLObjectType, nodes: list[FieldNode], prefix: str) -> None:
    """Add the parts of a selection to a plan whose columns are found under `prefix`."""
    may = current().actor.may
    for key, name, found in planner.selected(kind, nodes):
        if name == "__typename":
            plan.parts.append((key, Constant(kind.name)))
            continue
        field = kind.fields[name]
        member = field.extensions["member"]
        if member is None:
            plan.parts.append((key, Cell(plan.key, id_form(kind.name))))
        elif member.right and not may(member.right) and not isinstance(member, ChildList):
            plan.parts.append((key, Constant(None)))
        else:
            plan.parts.append((key, _part(planner, plan, field, found, prefix)))


def _part(planner: Planner, plan: NodePlan, field: GraphQLField, nodes: list[FieldNode], prefix: str) -> Part:
    from tessera.graph.pages import connection_plan
    from tessera.graph.values import value_plan

    member = field.extensions["member"]
    if isinstance(member, Column):
        return Cell(plan.columns.at(prefix + member.attname), form_of(field.type, member.field))
    if isinstance(member, Relation):
        return _relation(planner, plan, member, get_named_type(field.type), nodes, prefix)
    if isinstance(member, ChildList):
        return Paged(plan.key, connection_plan(planner, field, nodes, member))
    assert isinstance(member, ComputedField)
    return Loaded(plan.key, member.computed.load, value_plan(planner, field.type, nodes))


def _relation(
    planner: Planner, plan: NodePlan, member: Relation, kind: GraphQLNamedType, nodes: list[FieldNode], prefix: str
) -> Part:
    if not may_view(member.target):
        return Constant(None)
    assert isinstance(kind, GraphQLObjectType)
    target = planner.shapes.of(member.target)
    place = plan.columns.at(prefix + member.attname)
    if member.join and visible(member.target) is None:
        joined = NodePlan(target, plan.columns, place)
        fill(planner, joined, kind, nodes, f"{prefix}{member.join}__")
        return Joined(joined)
    return Looked(place, own_plan(planner, target, kind, nodes))
