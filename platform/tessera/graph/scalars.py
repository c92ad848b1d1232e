"""The scalars: how values leave as JSON, and which texts are accepted as values."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    ValueNode,
    value_from_ast_untyped,
)

from tessera.graph.ids import Id

MOST_DIGITS = 40
Leaf = Callable[[Any], Any]


def decimal_text(value: Decimal) -> str:
    """Return a decimal as plain digits without trailing zeros: `12.5`, `0`, never `1E+2`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def instant_text(value: datetime) -> str:
    """Return a moment in UTC with its offset."""
    return value.astimezone(UTC).isoformat()


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise GraphQLError("A decimal is a text such as 12.50.")
    try:
        made = Decimal(str(value))
    except InvalidOperation:
        made = Decimal("NaN")
    if not made.is_finite():
        raise GraphQLError("A decimal is a finite number such as 12.50.")
    if abs(made.adjusted()) > MOST_DIGITS or len(made.as_tuple().digits) > MOST_DIGITS:
        raise GraphQLError(f"A decimal has at most {MOST_DIGITS} digits.")
    return made


def _date(value: Any) -> date:
    try:
        if len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError("A date is written YYYY-MM-DD, from the year 1 on.") from None


def _instant(value: Any) -> datetime:
    try:
        made = datetime.fromisoformat(value)
        if made.tzinfo is None:
            raise ValueError
        return made.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError("A moment is written YYYY-MM-DDThh:mm:ss with Z or an offset, from the year 1 on.") from None


def _time(value: Any) -> time:
    try:
        made = time.fromisoformat(value)
        if made.tzinfo is not None:
            raise ValueError
        return made
    except (TypeError, ValueError):
        raise GraphQLError("A time of day is written hh:mm:ss.") from None


def _big(value: Any) -> int:
    try:
        made = int(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    except ValueError:
        made = None
    if made is None or not -(2**63) <= made < 2**63:
        raise GraphQLError("A big integer has at most 64 bits.")
    return made


def _uuid(value: Any) -> UUID:
    if isinstance(value, str) and len(value) == 36:
        try:
            return UUID(value)
        except ValueError:
            pass
    raise GraphQLError("This is no UUID.")


def _json(value: Any) -> Any:
    endless = isinstance(value, float) and not math.isfinite(value)
    if endless or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise GraphQLError("A number in JSON has at most 64 bits.")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _json(inner)
    return value


def _json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return _json(value_from_ast_untyped(node, variables))


def _literal(parse: Leaf) -> Callable[..., Any]:
    def from_node(node: ValueNode, _variables: Any = None) -> Any:
        value = getattr(node, "value", None)
        try:
            return parse(value if isinstance(value, str) else None)
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return from_node


def _scalar(name: str, description: str, serialize: Leaf, parse: Leaf) -> GraphQLScalarType:
    return GraphQLScalarType(name, serialize, parse, _literal(parse), description)


Date = _scalar("Date", "A calendar date, `2026-03-31`.", lambda value: value.isoformat(), _date)
DateTime = _scalar("DateTime", "A moment in UTC with its offset, `2026-03-31T08:00:00+00:00`.", instant_text, _instant)
Time = _scalar("Time", "A time of day, `08:30:00`.", lambda value: value.isoformat(), _time)
BigInt = _scalar("BigInt", "A whole number of up to 64 bits, as text.", str, _big)
Key = _scalar("UUID", "The key of something that is no type here.", str, _uuid)
Number = _scalar("Decimal", "A decimal number as text, exact and without trailing zeros: `12.5`.", decimal_text, _decimal)
Json = GraphQLScalarType("JSON", lambda value: value, _json, _json_literal, "Any JSON value.")

# The first class that a column is an instance of decides; subclasses come before their bases.
_COLUMNS: tuple[tuple[type[models.Field], GraphQLScalarType], ...] = (
    (models.BooleanField, GraphQLBoolean),
    (models.DecimalField, Number),
    (models.BigIntegerField, BigInt),
    (models.BigAutoField, BigInt),
    (models.IntegerField, GraphQLInt),
    (models.FloatField, GraphQLFloat),
    (models.DateTimeField, DateTime),
    (models.DateField, Date),
    (models.TimeField, Time),
    (models.JSONField, Json),
    (models.UUIDField, Key),
    (models.CharField, GraphQLString),
    (models.TextField, GraphQLString),
)
_PYTHON: dict[Any, GraphQLScalarType] = {
    bool: GraphQLBoolean,
    int: GraphQLInt,
    float: GraphQLFloat,
    str: GraphQLString,
    Decimal: Number,
    date: Date,
    datetime: DateTime,
    time: Time,
    dict: Json,
    Any: Json,
    Id: GraphQLID,
}
_AS_THEY_ARE = {GraphQLBoolean, GraphQLInt, GraphQLFloat, GraphQLString, Json}


def of_column(field: models.Field) -> GraphQLScalarType:
    """Return the scalar of a column (of its items, for an array)."""
    if isinstance(field, ArrayField):
        return of_column(field.base_field)
    if isinstance(field, models.GeneratedField):
        return of_column(field.output_field)
    for kind, scalar in _COLUMNS:
        if isinstance(field, kind):
            return scalar
    raise ImproperlyConfigured(f"{field.model._meta.label}.{field.name} is a {type(field).__name__}, which the API cannot show")


def of_python(hint: Any) -> GraphQLScalarType | None:
    """Return the scalar of a Python type, if it has one; UUIDs differ by direction."""
    return _PYTHON.get(hint)


def leaf(scalar: GraphQLScalarType) -> Leaf | None:
    """Return how a value of a scalar leaves as JSON; None when it leaves as it is."""
    return None if scalar in _AS_THEY_ARE or scalar is GraphQLID else scalar.serialize
