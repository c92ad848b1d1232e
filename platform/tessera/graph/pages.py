"""Lists: one statement for a page, or for the pages of all parents at once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type

from tessera.context import current
from tessera.graph.cost import spend
from tessera.graph.filters import Conditions
from tessera.graph.paging import Page, page_of
from tessera.graph.plan import KEY, Columns, Get, NodePlan, Parent, Planner, Row, fill
from tessera.graph.shapes import ChildList, Shape
from tessera.scope import may_view, scoped


class ConnectionPlan:
    """One selection on a list: its page, and what of edges, nodes, page info and count is wanted."""

    def __init__(self, shape: Shape, page: Page, condition: Q, under: ChildList | None, hidden: bool) -> None:
        self.shape, self.page, self.condition, self.hidden = shape, page, condition, hidden
        self.key, self.label = (under.key, under.label) if under else ("", "")
        self.columns = Columns()
        self.parts: list[tuple[str, str, Any]] = []
        self.wants_rows = self.wants_total = False
        self.order_places: list[int] = []

    def wants_cursors(self) -> None:
        """Read the order columns too."""
        self.wants_rows = True
        self.order_places = [self.columns.at(column.attname) for column, _ in self.page.order]

    def rows(self) -> QuerySet[Any]:
        """Return all rows that the list may show, of all parents."""
        # The records that notes hang on were found visible before their lists are asked for.
        rows = self.shape.model._default_manager.filter(label=self.label) if self.label else scoped(self.shape.resource)
        return rows.filter(self.condition) if self.condition else rows

    def page_of(self, parent: Parent | None, size: int) -> QuerySet[Any]:
        """Return the first `size` rows of the page in the direction of reading, of one parent if there are parents."""
        mine = {self.key: parent} if parent else {}
        return self.rows().filter(self.page.bounds, **mine).order_by(*self.page.ordering())[:size]

    def root(self) -> dict[str, Any]:
        """Return the finished page of the whole list."""
        rows: list[Row] = []
        if self.wants_rows:
            self.columns.at(KEY)
            rows = self.columns.read(self.page_of(None, self.page.size + 1))
        total = self.rows().order_by().count() if self.wants_total else 0
        return self._finish({None: rows}, {None: total})[None]

    def by_parent(self, parents: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return the finished page of each parent."""
        keys = list(parents)
        found: dict[Any, list[Row]] = {key: [] for key in keys}
        totals: dict[Any, int] = defaultdict(int)
        if keys and not self.hidden:
            if self.wants_rows:
                place = self.columns.at(self.key)
                for row in self.columns.read_for_each(self.page_of(Parent(), self.page.size + 1), keys):
                    found[row[place]].append(row)
            if self.wants_total:
                mine = self.rows().filter(**{f"{self.key}__in": keys})
                totals.update(mine.order_by().values_list(self.key).annotate(count=Count("pk")))
        return self._finish(found, totals)

    def _finish(self, found: dict[Any, list[Row]], totals: dict[Any, int]) -> dict[Any, dict[str, Any]]:
        spend(lists=len(found))
        size = self.page.size
        kept = {parent: rows[:size] for parent, rows in found.items()}
        if self.page.backwards:
            for rows in kept.values():
                rows.reverse()
        every = [row for rows in kept.values() for row in rows]
        gets = {id(plan): plan.ready(every) for _, _, wanted in self.parts for plan in _node_plans(wanted)}
        return {
            parent: {
                name: self._value(kind, wanted, rows, len(found[parent]) > size, totals.get(parent, 0), gets)
                for name, kind, wanted in self.parts
            }
            for parent, rows in kept.items()
        }

    def _value(self, kind: str, wanted: Any, rows: list[Row], more: bool, total: int, gets: dict[int, Get]) -> Any:
        if kind == "nodes":
            get = gets[id(wanted)]
            return [get(row) for row in rows]
        if kind == "edges":
            makers = [(name, self._edge(what, gets)) for name, what in wanted]
            return [{name: make(row) for name, make in makers} for row in rows]
        if kind == "totalCount":
            return total
        if kind == "pageInfo":
            return {name: self._info(what, rows, more) for name, what in wanted}
        return wanted

    def _edge(self, what: Any, gets: dict[int, Get]) -> Get:
        if isinstance(what, NodePlan):
            return gets[id(what)]
        if what == "cursor":
            return self._cursor
        return lambda row: what

    def _cursor(self, row: Row) -> str:
        return self.page.cursors.write([row[place] for place in self.order_places])

    def _info(self, what: str, rows: list[Row], more: bool) -> Any:
        page = self.page
        if what == "hasNextPage":
            return not page.to_end if page.backwards else more
        if what == "hasPreviousPage":
            return more if page.backwards else not page.from_start
        if what in ("startCursor", "endCursor"):
            return self._cursor(rows[0 if what == "startCursor" else -1]) if rows else None
        return "PageInfo"


def _node_plans(wanted: Any) -> list[NodePlan]:
    if isinstance(wanted, NodePlan):
        return [wanted]
    if isinstance(wanted, list):
        return [what for _, what in wanted if isinstance(what, NodePlan)]
    return []


def connection_plan(
    planner: Planner, field: GraphQLField, nodes: list[FieldNode], under: ChildList | None = None
) -> ConnectionPlan:
    """Plan a selection on a list; `under` is the nested list it is."""
    kind = get_named_type(field.type)
    assert isinstance(kind, GraphQLObjectType)
    shape: Shape = kind.extensions["page_of"]
    arguments = planner.arguments(field, nodes[0])
    hidden = not may_view(shape.resource) or bool(under and under.right and not current().actor.may(under.right))
    conditions = Conditions(planner.shapes)
    condition = conditions.of(shape, arguments["filter"]) if arguments.get("filter") else Q()
    if arguments.get("search"):
        condition &= conditions.search(shape, arguments["search"])
    page = page_of(shape, arguments)
    plan = ConnectionPlan(shape, page, condition, under, hidden)
    with planner.times(page.size):
        for key, name, found in planner.selected(kind, nodes):
            plan.parts.append((key, *_part(planner, plan, kind, name, found)))
    return plan


def _part(planner: Planner, plan: ConnectionPlan, kind: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> tuple[str, Any]:
    if name == "__typename":
        return "constant", kind.name
    if name == "totalCount":
        plan.wants_total = True
        return name, None
    if name == "pageInfo":
        plan.wants_cursors()
        info = get_named_type(kind.fields[name].type)
        assert isinstance(info, GraphQLObjectType)
        return name, [(each, what) for each, what, _ in planner.selected(info, nodes)]
    plan.wants_rows = True
    make = _node if name == "nodes" else _edges
    return name, make(planner, plan, kind.fields[name], nodes)


def _node(planner: Planner, plan: ConnectionPlan, field: GraphQLField, nodes: list[FieldNode]) -> NodePlan:
    kind = get_named_type(field.type)
    assert isinstance(kind, GraphQLObjectType)
    made = NodePlan(plan.shape, plan.columns, plan.columns.at(KEY))
    fill(planner, made, kind, nodes, "")
    return made


def _edges(planner: Planner, plan: ConnectionPlan, field: GraphQLField, nodes: list[FieldNode]) -> list[tuple[str, Any]]:
    kind = get_named_type(field.type)
    assert isinstance(kind, GraphQLObjectType)
    made: list[tuple[str, Any]] = []
    for key, name, found in planner.selected(kind, nodes):
        if name == "node":
            made.append((key, _node(planner, plan, kind.fields["node"], found)))
        elif name == "cursor":
            plan.wants_cursors()
            made.append((key, "cursor"))
        else:
            made.append((key, f"{plan.shape.name}Edge"))
    return made
