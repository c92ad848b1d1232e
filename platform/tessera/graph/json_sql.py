"""The other way to finish a plan: PostgreSQL writes the JSON, in one statement for all levels.

The rows of each level come from the queryset that the plan would run, compiled by Django, so scopes, rights, filters and
orderings are what they are there. Around them text is put together: in it every object begins a line and every list
follows a tab, which JSON allows and escapes inside of texts, so counting both bytes counts what was answered. A cursor,
which only this side can sign, is written as its order values between two characters that JSON cannot have either.
"""

# ruff: noqa: S608  (the text is Django's, with names of our own around it)

from itertools import count
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

from tessera.graph.cursors import Cursors
from tessera.graph.forms import ordering_form
from tessera.graph.pages import ConnectionPlan
from tessera.graph.plan import Cell, Constant, Joined, Looked, NodePlan, Paged, Parent, Part
from tessera.graph.slots import Unfit
from tessera.graph.sql_text import CLOSE, OPEN, Pieces, Sql
from tessera.scope import scoped

OBJECT, LIST = "\n", "\t"
ENDS = {"startCursor", "endCursor"}


class Writer:
    """Writes the statement of one plan; `cursors` are the orderings whose cursors it contains."""

    def __init__(self) -> None:
        self.cursors: list[Cursors] = []
        self._numbers = count(1)

    def page(self, plan: ConnectionPlan, parent: str = "") -> Sql:
        """Return the JSON of a list; `parent` is the expression of the key of the row that it belongs to."""
        pieces = Pieces()
        pieces.say(f"{LIST}{{")
        rows = None if plan.hidden or not plan.wants_rows else self._rows(plan, parent)
        for at, (name, kind, wanted) in enumerate(plan.parts):
            pieces.say(f'{"," if at else ""}"{name}":')
            if kind == "constant":
                pieces.say(_json(wanted))
            elif kind == "totalCount":
                self._total(pieces, plan, parent)
            elif kind == "pageInfo":
                self._info(pieces, plan, wanted, rows)
            elif kind not in ("nodes", "edges"):
                raise Unfit(f"{kind} of a list")
            else:
                pieces.say("[")
                if rows:
                    pieces.add(Sql(rows.listed(at)))
                pieces.say("]")
        pieces.say("}")
        made = pieces.sql()
        return Sql(f"(SELECT {made.text} FROM {rows.source.text})", made.parameters + rows.source.parameters) if rows else made

    def _rows(self, plan: ConnectionPlan, parent: str) -> "_Rows | None":
        """Return the rows of a page, gathered; None where there can be none."""
        backwards, size = plan.page.backwards, plan.page.size
        asked = {what for _, kind, wanted in plan.parts if kind == "pageInfo" for _, what in wanted}
        further = ("hasPreviousPage" if backwards else "hasNextPage") in asked
        source = self._selected(plan.columns, plan.page_of(Parent(parent) if parent else None, size + further))
        if source is None:
            return None
        alias, rows = source
        inner = _Named()
        for at, (_, kind, wanted) in enumerate(plan.parts):
            if kind == "nodes":
                inner.add(self.node(wanted, alias), f"r{at}")
            elif kind == "edges":
                inner.add(self._edge(plan, wanted, alias), f"r{at}")
        if asked & ENDS:
            inner.add(self._cursor(plan, alias), "k")
        return _Rows(inner, rows, f"g{next(self._numbers)}", size, further, backwards)

    def _selected(self, columns: Any, rows: QuerySet[Any]) -> tuple[str, Sql] | None:
        """Return the alias and the SQL of the rows of a queryset, with the columns of a plan as c0, c1 ..."""
        compiler = rows.values_list(*columns.places).query.get_compiler(connection=connections[rows.db])
        try:
            text, parameters = compiler.as_sql()
        except EmptyResultSet:
            return None
        alias = f"p{next(self._numbers)}"
        names = ", ".join(f"c{place}" for place in range(len(columns.places)))
        return alias, Sql(f"({text}) {alias}({names})", list(parameters))

    def _total(self, pieces: Pieces, plan: ConnectionPlan, parent: str) -> None:
        mine = {plan.key: Parent(parent)} if parent else {}
        rows = plan.rows().filter(**mine).order_by().values_list("pk")
        try:
            if plan.hidden:
                raise EmptyResultSet
            text, parameters = rows.query.get_compiler(connection=connections[rows.db]).as_sql()
        except EmptyResultSet:
            pieces.say("0")
            return
        pieces.add(Sql(f"(SELECT count(*) FROM ({text}) t)", list(parameters)))

    def _info(self, pieces: Pieces, plan: ConnectionPlan, wanted: list[tuple[str, str]], rows: "_Rows | None") -> None:
        page = plan.page
        pieces.say("{")
        for at, (name, what) in enumerate(wanted):
            pieces.say(f'{"," if at else ""}"{name}":')
            if what == "hasNextPage" and page.backwards:
                pieces.say(_json(not page.to_end))
            elif what == "hasPreviousPage" and not page.backwards:
                pieces.say(_json(not page.from_start))
            elif what == "__typename":
                pieces.say('"PageInfo"')
            elif rows is None:
                pieces.say("null" if what in ENDS else "false")
            else:
                pieces.add(Sql(rows.cursor(first=what == "startCursor") if what in ENDS else rows.more()))
        pieces.say("}")

    def _edge(self, plan: ConnectionPlan, wanted: list[tuple[str, Any]], alias: str) -> Sql:
        pieces = Pieces()
        pieces.say("{")
        for at, (name, what) in enumerate(wanted):
            pieces.say(f'{"," if at else ""}"{name}":')
            if isinstance(what, NodePlan):
                pieces.add(self.node(what, alias))
            elif what == "cursor":
                pieces.add(self._cursor(plan, alias))
            else:
                pieces.say(_json(what))
        pieces.say("}")
        return pieces.sql()

    def _cursor(self, plan: ConnectionPlan, alias: str) -> Sql:
        pieces = Pieces()
        pieces.say(f'"{OPEN}{len(self.cursors)}:[')
        self.cursors.append(plan.page.cursors)
        for at, ((column, _), place) in enumerate(zip(plan.page.order, plan.order_places, strict=True)):
            pieces.say("," if at else "")
            pieces.add(Sql(ordering_form(column, f"{alias}.c{place}")))
        pieces.say(f']{CLOSE}"')
        return pieces.sql()

    def node(self, plan: NodePlan, alias: str) -> Sql:
        """Return the JSON of a row whose columns are found under `alias`."""
        pieces = Pieces()
        pieces.say(f"{OBJECT}{{")
        for at, (name, part) in enumerate(plan.parts):
            pieces.say(f'{"," if at else ""}"{name}":')
            self._part(pieces, part, alias)
        pieces.say("}")
        return pieces.sql()

    def _part(self, pieces: Pieces, part: Part, alias: str) -> None:
        if isinstance(part, Constant):
            pieces.say(_json(part.value))
        elif isinstance(part, Cell):
            if part.form.sql is None:
                raise Unfit("PostgreSQL writes this value in another way")
            pieces.add(Sql(part.form.in_sql(f"{alias}.c{part.place}")))
        elif isinstance(part, Joined):
            made = self.node(part.plan, alias)
            key = f"{alias}.c{part.plan.key}"
            pieces.add(Sql(f"CASE WHEN {key} IS NULL THEN 'null' ELSE {made.text} END", made.parameters))
        elif isinstance(part, Looked):
            found = self.row(part.plan, Parent(f"{alias}.c{part.place}"))
            if found is None:
                pieces.say("null")
            else:
                pieces.add(Sql(f"coalesce({found.text}, 'null')", found.parameters))
        elif isinstance(part, Paged):
            pieces.add(self.page(part.plan, f"{alias}.c{part.place}"))
        else:
            raise Unfit("a computed field is loaded by a function")

    def row(self, plan: NodePlan, key: Any) -> Sql | None:
        """Return the JSON of the visible row with a key, NULL without one; None where no row is visible."""
        source = self._selected(plan.columns, scoped(plan.shape.resource).filter(pk=key).order_by())
        if source is None:
            return None
        made = self.node(plan, source[0])
        return Sql(f"(SELECT {made.text} FROM {source[1].text})", made.parameters + source[1].parameters)


class _Named:
    """Named expressions of a SELECT."""

    def __init__(self) -> None:
        self.named: list[tuple[str, str]] = []
        self.parameters: list[Any] = []

    def add(self, made: Sql, name: str) -> None:
        """Add an expression."""
        self.named.append((made.text, name))
        self.parameters += made.parameters


class _Rows:
    """The rows of a page, gathered under the alias `g`: `source` is what stands in FROM, the rest are expressions on it."""

    def __init__(self, inner: _Named, rows: Sql, alias: str, size: int, further: bool, backwards: bool) -> None:
        self.alias, self.size, self.further, self.backwards = alias, size, further, backwards
        self.plain = len(inner.named) == 1 and not further and not backwards and inner.named[0][1] != "k"
        if self.plain:
            ((text, name),) = inner.named
            made = f"(SELECT string_agg({text}, ',') AS {name} FROM {rows.text}) {alias}"
        else:
            gathered = "".join(f"array_agg(q.{name}) AS {name}, " for _, name in inner.named)
            shown = ", ".join(f"{text} AS {name}" for text, name in inner.named) or "1"
            made = f"(SELECT {gathered}count(*) AS n FROM (SELECT {shown} FROM {rows.text}) q) {alias}"
        self.source = Sql(made, inner.parameters + rows.parameters)

    def listed(self, at: int) -> str:
        """Return the rows as they were written for the part `at`, without brackets."""
        if self.plain:
            return f"{self.alias}.r{at}"
        kept = f"{self.alias}.r{at}"
        kept = f"({kept})[1:{self.size}]" if self.further else kept
        return f"array_to_string({f'array_reverse({kept})' if self.backwards else kept}, ',')"

    def more(self) -> str:
        """Return whether there are rows beyond the page."""
        return f"({self.alias}.n > {self.size})::text"

    def cursor(self, *, first: bool) -> str:
        """Return the cursor of the first row or the last."""
        at = "1" if first != self.backwards else f"least({self.alias}.n, {self.size})"
        return f"coalesce(({self.alias}.k)[{at}], 'null')"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
