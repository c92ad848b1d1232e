"""Keyset pages: which rows come next after a cursor, in one total order with NULL as the greatest."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.expressions import OrderBy

from tessera.context import current
from tessera.graph.cursors import Cursors
from tessera.graph.filters import bad, forbidden
from tessera.graph.shapes import Shape
from tessera.ordering import RowCompared, term_of

USUAL, MOST, MOST_ORDERS = 50, 250, 5


@dataclass(frozen=True)
class Page:
    """One page of an ordered list: `order` as asked, `size`, and whether it is read from the end."""

    order: tuple[tuple[models.Field, bool], ...]
    size: int
    backwards: bool
    bounds: Q
    cursors: Cursors
    from_start: bool
    to_end: bool

    def ordering(self) -> list[OrderBy]:
        """Return the ORDER BY in the direction of reading."""
        return [OrderBy(term_of(column), descending=down != self.backwards) for column, down in self.order]


def page_of(shape: Shape, arguments: dict[str, Any]) -> Page:
    """Return the page that a list's arguments ask for; BAD_INPUT, BAD_CURSOR or FORBIDDEN otherwise."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise bad("Ask for the first rows or for the last ones, not for both.", ("last",))
    size = last if last is not None else USUAL if first is None else first
    if not 1 <= size <= MOST:
        raise bad(f"A page has 1 to {MOST} rows.", ("first" if last is None else "last",))
    order = tuple(_order(shape, arguments.get("orderBy") or ()))
    cursors = Cursors(shape.name, list(order))
    bounds = Q()
    after, before = arguments.get("after"), arguments.get("before")
    if after is not None:
        bounds &= beyond(order, cursors.read(after, "after"), False)
    if before is not None:
        bounds &= beyond(order, cursors.read(before, "before"), True)
    return Page(order, size, last is not None, bounds, cursors, after is None, before is None)


def _order(shape: Shape, asked: Any) -> list[tuple[models.Field, bool]]:
    if len(asked) > MOST_ORDERS:
        raise bad(f"At most {MOST_ORDERS} orderings.", ("orderBy",))
    may = current().actor.may
    key = shape.model._meta.pk
    order: list[tuple[models.Field, bool]] = []
    for place, each in enumerate(asked):
        name, down = each["field"], each.get("direction") == "DESC"
        column = shape.order.get(name)
        if column is not None and column.right and not may(column.right):
            raise forbidden(column.right, ("orderBy", str(place), column.name))
        field = key if column is None else column.field
        if field not in (known for known, _ in order):
            order.append((field, down))
    if not asked:
        order = usual_order(shape)
    if key not in (known for known, _ in order):
        order.append((key, order[-1][1] if order else True))
    while order[-1][0] is not key:
        order.pop()  # nothing can be ordered beyond the key
    return order


def usual_order(shape: Shape) -> list[tuple[models.Field, bool]]:
    """Return the model's own ordering as far as its plain, readable columns go; newest first without one."""
    order = []
    for name in shape.model._meta.ordering:
        if not isinstance(name, str) or name == "?":
            break
        try:
            column = shape.model._meta.get_field(name.lstrip("-"))
        except FieldDoesNotExist:
            break
        right = shape.resource.field_rights.get(column.name, "")
        if column.is_relation or (right and not current().actor.may(right)):
            break
        order.append((column, name.startswith("-")))
    return order


def beyond(order: tuple[tuple[models.Field, bool], ...], values: list[Any], backwards: bool) -> Q:
    """Return the condition that a row comes strictly after the given order values (before, when backwards).

    Columns that are read in one direction are compared as one row value, a range of the index that serves the order.
    Where the direction turns, the rest is compared among the rows that are equal so far.
    """
    down = order[0][1]
    same = next((place for place, (_, other) in enumerate(order) if other != down), len(order))
    columns, known = [column for column, _ in order[:same]], values[:same]
    operator = "<" if down != backwards else ">"
    strictly = Q(RowCompared(columns, operator, known))
    if same == len(order):
        return strictly
    rest = beyond(order[same:], values[same:], backwards)
    # The first condition is implied by the second; said by itself, it lets PostgreSQL scan a range of the index.
    return Q(RowCompared(columns, f"{operator}=", known)) & (strictly | (Q(RowCompared(columns, "=", known)) & rest))
