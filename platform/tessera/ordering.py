"""The total order of lists: NULL stands as the greatest value of its type, so that one index serves both directions.

A list is ordered by terms without NULL and ends with the key. A row then comes after another exactly when its
terms, as one row value, are greater, which PostgreSQL answers by a range of an index on these terms.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import BooleanField, F, Func, Value

# By internal type. Text compares by code point, so this one character stands above everything that is written.
GREATEST = {
    "BigIntegerField": f"'{2**63 - 1}'::bigint",
    "CharField": "'\U0010ffff'",
    "DateField": "'infinity'::date",
    "DateTimeField": "'infinity'::timestamp with time zone",
    "DecimalField": "'Infinity'::numeric",
    "EmailField": "'\U0010ffff'",
    "IntegerField": str(2**31 - 1),
    "PositiveBigIntegerField": f"'{2**63 - 1}'::bigint",
    "PositiveIntegerField": str(2**31 - 1),
    "PositiveSmallIntegerField": f"'{2**15 - 1}'::smallint",
    "SmallIntegerField": f"'{2**15 - 1}'::smallint",
    "TextField": "'\U0010ffff'",
}


def greatest_of(column: models.Field) -> str:
    """Return what stands for NULL in a nullable column, as SQL; raise ImproperlyConfigured for a type that has none."""
    kind = column.output_field if isinstance(column, models.GeneratedField) else column
    try:
        return GREATEST[kind.get_internal_type()]
    except KeyError:
        raise ImproperlyConfigured(f"{column} may be NULL and its type has no greatest value: it cannot be ordered by") from None


class OrGreatest(Func):
    """A nullable column as lists are ordered by it; `Index(OrGreatest("due_date"), "id", name=...)` serves that order."""

    function = "COALESCE"
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        """Compile `COALESCE(column, greatest)`."""
        (inner,) = self.get_source_expressions()
        sql, parameters = compiler.compile(inner)
        return f"COALESCE({sql}, {greatest_of(inner.output_field)})", parameters


def term_of(column: models.Field) -> F | OrGreatest:
    """Return the expression by which lists are ordered for a column."""
    return OrGreatest(column.attname) if column.null else F(column.attname)


class _Greatest(Func):
    """The greatest value of a column's type."""

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        return greatest_of(self.output_field), []


def _known(column: models.Field, value: Any) -> Any:
    if value is None:
        return _Greatest(output_field=column)
    return value if hasattr(value, "resolve_expression") else Value(value, column)


class RowCompared(Func):
    """The condition that a row's terms for `columns`, as one row value, compare with `values`: `(a, id) > (1, 'x')`.

    A value None of a nullable column is its greatest.
    """

    output_field = BooleanField()

    def __init__(self, columns: Sequence[models.Field], operator: str, values: Sequence[Any]) -> None:
        self.operator = operator
        right = (_known(column, value) for column, value in zip(columns, values, strict=True))
        super().__init__(*(term_of(column) for column in columns), *right)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        """Compile the comparison of two row values."""
        made = [compiler.compile(each) for each in self.get_source_expressions()]
        half = len(made) // 2
        left, right = (", ".join(sql for sql, _ in part) for part in (made[:half], made[half:]))
        return f"({left}) {self.operator} ({right})", [each for _, parameters in made for each in parameters]
