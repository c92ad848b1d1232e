"""Statements over many rows at once, which the ORM cannot say: arrays in, rows out."""

from collections.abc import Sequence
from typing import Any

# allow raw-connection: locking and changing many rows in one statement needs SQL of our own
from django.db import connections


def execute(sql: str, parameters: Sequence[Any]) -> list[tuple]:
    """Run one statement on the tenant's rows; return what it returns."""
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def write_columns(rows: Sequence[Any], *names: str) -> None:
    """Write the named columns of unaudited rows of one model back; their locks are held, so the values are final."""
    if not rows:
        return
    model = type(rows[0])
    if model.audited:
        raise TypeError(f"{model._meta.label} is audited: save its rows")
    fields = [model._meta.get_field(name) for name in names]
    casts = ", ".join(f"%s::{field.db_type(connections['default'])}[]" for field in fields)
    aliases = ", ".join(f"c{place}" for place in range(len(fields)))
    assignments = ", ".join(f"{field.column} = d.c{place}" for place, field in enumerate(fields))
    # Every name comes from the model.
    sql = (
        f"UPDATE {model._meta.db_table} r SET {assignments} "  # noqa: S608
        f"FROM unnest(%s::uuid[], {casts}) AS d(id, {aliases}) WHERE r.id = d.id"
    )
    execute(sql, [[row.pk for row in rows], *([getattr(row, field.attname) for row in rows] for field in fields)])
