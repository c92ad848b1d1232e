"""Give numbers: late, in the order of the series, one statement per series and unit; and say which are void."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import connections

from tessera.fields import new_id
from tessera.numbering.models import VoidedNumber
from tessera.unit_of_work import Phase, current_unit, defer

_PLACE = re.compile(r"\{(\w+)(?::0([1-9]))?\}")


def render(pattern: str, number: int, on: date, names: Mapping[str, int | str] | None = None) -> str:
    """Fill a pattern: `{n}`, `{n:05}`, `{year}`, `{month:02}`, `{day}` and what `names` has; any other text stays, 〔〕 included.

    A pattern is what somebody typed: nothing in it is looked into or computed, as `str.format` would.
    """
    values = {"year": on.year, "month": on.month, "day": on.day, **(names or {}), "n": number}
    return _PLACE.sub(lambda place: str(values[place[1]]).zfill(int(place[2] or 0)) if place[1] in values else place[0], pattern)


def assign_number(
    row: Any,
    *,
    scope: tuple[Any, ...],
    pattern: str,
    on: date,
    field: str = "number",
    names: Mapping[str, int | str] | None = None,
) -> None:
    """Give `row` the next number of the series `scope` at the end of this unit of work.

    `names` are further values that the pattern may show, such as a fiscal year and month.

    The number is set on the instance and saved before the commit; drafts never get one. Series
    are locked in sorted order, so two units that need the same ones cannot meet head on, and a
    unit that fails gives its numbers back: there is no gap.
    """
    wanted = current_unit().numbers
    if not wanted:
        defer(Phase.NUMBERS, _give_numbers)
    wanted.append((_name(scope), pattern, on, row, field, names))


def void_number(row: Any, *, scope: tuple[Any, ...], reason: str) -> None:
    """Keep the number that `row` got from the series `scope` as void, with the reason; the row keeps it, if it has one."""
    if row.number:
        VoidedNumber(scope=_name(scope), number=row.number, reason=reason, label=row._meta.label, record=row.pk).save()


def _name(scope: tuple[Any, ...]) -> str:
    return ":".join(str(part) for part in scope)


def _give_numbers() -> None:
    unit = current_unit()
    wanted, unit.numbers = unit.numbers, []
    by_scope: dict[str, list] = {}
    for entry in wanted:
        by_scope.setdefault(entry[0], []).append(entry)
    asked = [(scope, entries[0][1], len(entries)) for scope, entries in sorted(by_scope.items())]
    taken = take_numbers(asked)
    for scope, _pattern, count in asked:
        last, pattern = taken[scope]
        for place, (_, _, on, row, field, names) in enumerate(by_scope[scope], start=1):
            setattr(row, field, render(pattern, last - count + place, on, names))
            row.save(update_fields=[field])


def take_numbers(asked: list[tuple[str, str, int]]) -> dict[str, tuple[int, str]]:
    """Advance series, given as (scope, pattern, count) in the order of their scopes, each under its row lock.

    Return the new last number and the pattern of each.
    """
    scopes, patterns, counts = zip(*asked, strict=True)
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO numbering_numberseries (id, scope, pattern, last)"
            " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[])"
            " ON CONFLICT (scope) DO UPDATE SET last = numbering_numberseries.last + EXCLUDED.last"
            " RETURNING scope, last, pattern",
            [[new_id() for _ in asked], list(scopes), list(patterns), list(counts)],
        )
        return {scope: (last, pattern) for scope, last, pattern in cursor.fetchall()}
