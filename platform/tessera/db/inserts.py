"""Many rows in one statement that travels as JSON and is typed by its table.

Django would compile a statement of as many parameters as there are values. This one is the same text for any number of
rows, and its one parameter is made by orjson.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from django.apps import apps
from django.db import connections, models

PLAIN = frozenset(
    {
        *("ArrayField", "BooleanField", "CharField", "DateField", "DateTimeField", "DecimalField", "EmailField", "ForeignKey"),
        *("BigIntegerField", "IntegerField", "JSONField", "OneToOneField", "SlugField", "SmallIntegerField", "TextField"),
        *("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "TimeField", "URLField", "UUIDField"),
    }
)


@cache
def is_plain(model: type[models.Model]) -> bool:
    """Say whether every column of a model is of a type that JSON carries exactly, with its value given by us."""
    columns = model._meta.concrete_fields
    return all(each.get_internal_type() in PLAIN and not each.generated and not each.has_db_default() for each in columns)


def insert_rows(model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, each given by its column names, into a table whose model `is_plain` but for what the database fills in."""
    parameter = as_json(list(rows))
    with connections["default"].cursor() as cursor:
        cursor.execute(_statement(model._meta.label), [parameter])


def as_json(value: Any) -> str:
    """Return a value as a parameter of the type jsonb; decimals, and what else JSON does not know, as text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


@cache
def _statement(label: str) -> str:
    model = apps.get_model(label)
    quote = connections["default"].ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(column.column) for column in model._meta.concrete_fields if not column.has_db_default())
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"  # noqa: S608


def columns_of(row: models.Model) -> dict[str, Any]:
    """Return the values of a new row as they are stored, expressions as they are; what a column cannot hold raises as in Django."""
    return {column.column: _stored(column, column.pre_save(row, True)) for column in row._meta.concrete_fields}


def _stored(column: models.Field, value: Any) -> Any:
    if hasattr(value, "resolve_expression"):
        return value
    encoder = getattr(column, "encoder", None)
    if encoder is not None and value is not None:
        return json.loads(json.dumps(value, cls=encoder))
    return column.get_prep_value(value)
