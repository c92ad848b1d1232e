"""One search over all resources that the reader may view: ranked, and page by page.

One statement finds the hits of every resource: of each its newest `MOST_EACH` rows that match, so that a text which is
found everywhere costs no more. Then one statement for each type reads the rows, as anywhere else.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import F, FloatField, Func, IntegerField, UUIDField, Value
from django.db.models.functions import Cast, Coalesce
from graphql import (
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLString,
    get_named_type,
)

from tessera.context import current
from tessera.graph.cost import spend
from tessera.graph.cursors import Cursors
from tessera.graph.definitions import Argument, EnumType, Field, ObjectType, argument, enum_value, list_of, plain, required
from tessera.graph.execute import Finished
from tessera.graph.filters import Conditions, bad, forbidden
from tessera.graph.names import constant
from tessera.graph.plan import Planner, own_plan
from tessera.graph.registry import Registry
from tessera.graph.shapes import Shape
from tessera.graph.types import Node, PageInfo
from tessera.resource import snake
from tessera.scope import may_view, scoped
from tessera.search.expressions import SearchQuery, SearchVector, words_of

USUAL, MOST, MOST_EACH = 20, 50, 200
FINE = 1_000_000  # ranks are fractions; as whole numbers they are equal where they look equal
# Rank, place of the type, key: columns that cursors read and write, of no model.
ORDER: dict[str, Any] = {"rank": IntegerField(), "type": IntegerField(), "id": UUIDField()}


def search_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return the root field that searches everything; none where nothing is searched."""
    shapes = {constant(snake(shape.name)): shape for shape in registry.shapes if shape.search}
    if not shapes:
        return {}
    kinds = EnumType("SearchedType", {name: enum_value(shape.name) for name, shape in shapes.items()})
    found = ObjectType(
        "SearchResult",
        {"nodes": plain(required(list_of(Node))), "pageInfo": plain(required(PageInfo))},
        description="What was found, the best first.",
    )
    arguments = {
        "text": argument(required(GraphQLString)),
        "types": argument(list_of(registry.once("SearchedType", "searched types", lambda: kinds))),
        "first": Argument(GraphQLInt, description=f"At most {MOST}; {USUAL} where nothing is said."),
        "after": argument(GraphQLString),
    }
    made = registry.once("SearchResult", "search", lambda: found)
    about = f"Search all that you may view. Of each type the newest {MOST_EACH} rows that match are ranked."
    return {"search": Field(made, arguments, resolve=_resolve, description=about, extensions={"searches": (USUAL, MOST)})}


def _resolve(_source: Any, info: GraphQLResolveInfo, *, text: str, **more: Any) -> Finished:
    planner = Planner(info)
    size = USUAL if more.get("first") is None else more["first"]
    if not 1 <= size <= MOST:
        raise bad(f"A search answers 1 to {MOST} rows at once.", ("first",))
    shapes = _searched(planner, more.get("types"))
    asked = f"search {text} in {' '.join(shape.name for shape in shapes)}"
    cursors = Cursors(asked, [(_Named(column, name), True) for name, column in ORDER.items()])
    after = None if more.get("after") is None else cursors.read(more["after"], "after")
    hits = _hits(planner, shapes, text, size + 1, after)
    kind = get_named_type(info.return_type)
    assert isinstance(kind, GraphQLObjectType)
    return Finished(_finished(planner, kind, info.field_nodes, shapes, hits, size, after, cursors))


class _Named:
    """A column of the answer as cursors know columns."""

    def __init__(self, column: Any, attname: str) -> None:
        self.to_python, self.attname = column.to_python, attname


def _searched(planner: Planner, asked: list[str] | None) -> list[Shape]:
    """Return the resources that are searched: those asked for, which one must be allowed to view, or all that one may."""
    known = sorted((shape for shape in planner.shapes if shape.search), key=lambda shape: shape.name)
    for at, name in enumerate(asked or ()):
        resource = planner.shapes.by_name[name].resource
        if not may_view(resource):
            raise forbidden(resource.permission("view"), ("types", str(at)))
    may = current().actor.may
    readable = [shape for shape in known if any(not column.right or may(column.right) for column in shape.search)]
    return [shape for shape in readable if may_view(shape.resource) and (asked is None or shape.name in asked)]


def _hits(planner: Planner, shapes: list[Shape], text: str, size: int, after: list[Any] | None) -> list[tuple[int, int, Any]]:
    """Return (rank, place of the type, key) of the best rows, in order."""
    conditions = Conditions(planner.shapes)
    each = []
    for place, shape in enumerate(shapes):
        condition = conditions.search(shape, text)
        rows = scoped(shape.resource).filter(condition).order_by("-pk")
        ranked = rows.annotate(_rank=_rank(shape, text), _place=Value(place, IntegerField()))
        each.append(ranked.values_list("_rank", "_place", "pk")[:MOST_EACH])
    if not each or not words_of(text):
        return []
    first, *rest = each
    connection = connections[first.db]
    try:
        statement, parameters = first.union(*rest, all=True).query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return []
    beyond, known = ("WHERE (rank, place, id) < (%s, %s, %s)", after) if after else ("", [])
    wanted = (
        f"SELECT rank, place, id FROM ({statement}) AS hit(rank, place, id) {beyond}"  # noqa: S608  (Django made it)
        " ORDER BY rank DESC, place DESC, id DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(wanted, [*parameters, *known, size])
        return cursor.fetchall()


def _rank(shape: Shape, text: str) -> Any:
    """Return how well a row fits: by the words in each readable column, what is named first counting most, short texts more."""
    may = current().actor.may
    readable = [column.attname for column in shape.search if not column.right or may(column.right)]
    queries = [SearchQuery(Value(word)) for word in words_of(text)] or [SearchQuery(Value(text))]
    anything = queries[0] if len(queries) == 1 else Func(*queries, template="(%(expressions)s)", arg_joiner=" || ")
    total: Any = Value(0.0)
    for place, column in enumerate(readable):
        fits = Func(SearchVector(F(column)), anything, Value(2), function="ts_rank", output_field=FloatField())
        total += Coalesce(fits, 0.0) * Value(FINE / 2**place)
    return Cast(total, IntegerField())


def _finished(
    planner: Planner,
    kind: GraphQLObjectType,
    nodes: Any,
    shapes: list[Shape],
    hits: list[tuple[int, int, Any]],
    size: int,
    after: list[Any] | None,
    cursors: Cursors,
) -> dict[str, Any]:
    more, hits = len(hits) > size, hits[:size]
    spend(lists=1, aggregates=1)
    made: dict[str, Any] = {}
    for key, name, found in planner.selected(kind, nodes):
        if name == "__typename":
            made[key] = kind.name
        elif name == "nodes":
            made[key] = _rows(planner, found, shapes, hits)
        else:
            info = {
                "hasNextPage": more,
                "hasPreviousPage": after is not None,
                "startCursor": cursors.write(list(hits[0])) if hits else None,
                "endCursor": cursors.write(list(hits[-1])) if hits else None,
                "__typename": "PageInfo",
            }
            inner = get_named_type(kind.fields[name].type)
            assert isinstance(inner, GraphQLObjectType)
            made[key] = {each: info[what] for each, what, _ in planner.selected(inner, found)}
    return made


def _rows(planner: Planner, nodes: Any, shapes: list[Shape], hits: list[tuple[int, int, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the hits in their order, one statement for each type; a row that is gone meanwhile is left out."""
    read: dict[int, dict[Any, Any]] = {}
    for place in dict.fromkeys(place for _, place, _ in hits):
        shape = shapes[place]
        kind = planner.schema.type_map[shape.name]
        assert isinstance(kind, GraphQLObjectType)
        read[place] = own_plan(planner, shape, kind, nodes).by_key([key for _, at, key in hits if at == place])
    return [read[place][key] for _, place, key in hits if key in read[place]]
