"""How the values of columns leave as JSON: made in Python by one executor, in PostgreSQL by the other, always the same.

In SQL a form is text between two quotes, or none, around an expression. What a form has no word for (a value outside its
enum) it writes as `UNKNOWN`, a character that JSON cannot have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from graphql import GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString, get_named_type

from tessera.graph import scalars
from tessera.graph.ids import encode

UNKNOWN = "\x01"
_SECONDS, _MICROSECONDS = "HH24:MI:SS", "HH24:MI:SS.US"


@dataclass(frozen=True)
class Form:
    """A value as JSON: `python` by the value (None: as it is); `sql` by an expression that is not null (None: only in Python)."""

    python: Callable[[Any], Any] | None
    sql: Callable[[str], str] | None
    quoted: bool = False
    null: bool = True

    def in_sql(self, expression: str) -> str:
        """Return the SQL of the JSON of an expression, as text that is never NULL."""
        assert self.sql is not None
        inner = self.sql(expression)
        if not self.null:
            return f"concat('\"', {inner}, '\"')" if self.quoted else f"({inner})::text"
        return f"coalesce('\"' || ({inner})::text || '\"', 'null')" if self.quoted else f"coalesce(({inner})::text, 'null')"


def literal(text: str) -> str:
    """Return a text as an SQL literal, in a statement whose parameters are written %s."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _instant(expression: str) -> str:
    day = 'YYYY-MM-DD"T"'
    return (
        f"to_char({expression} AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', {expression}) = {expression}"
        f" THEN '{day}{_SECONDS}\"+00:00\"' ELSE '{day}{_MICROSECONDS}\"+00:00\"' END)"
    )


def _time(expression: str) -> str:
    whole = f"date_trunc('second', {expression}::interval) = {expression}::interval"
    return f"to_char({expression}::interval, CASE WHEN {whole} THEN '{_SECONDS}' ELSE '{_MICROSECONDS}' END)"


def _same(expression: str) -> str:
    return expression


def _json(expression: str) -> str:
    return f"to_json({expression})"


# The SQL of each scalar, and whether it stands between quotes. A float has none: PostgreSQL writes NaN, JSON cannot.
_LEAVES: dict[Any, tuple[Callable[[str], str], bool]] = {
    GraphQLBoolean: (_same, False),
    GraphQLInt: (_same, False),
    GraphQLString: (_json, False),
    scalars.Json: (_same, False),
    scalars.Date: (_json, False),
    scalars.DateTime: (_instant, True),
    scalars.Time: (_time, True),
    scalars.BigInt: (_same, True),
    scalars.Key: (_same, True),
    scalars.Number: (lambda expression: f"trim_scale({expression})", True),
}
# What a parameter of each scalar is to PostgreSQL; enums are text.
CASTS: dict[Any, str] = {
    GraphQLBoolean: "boolean",
    GraphQLInt: "bigint",
    GraphQLString: "text",
    GraphQLID: "text",
    scalars.Date: "date",
    scalars.DateTime: "timestamptz",
    scalars.Time: "time",
    scalars.BigInt: "bigint",
    scalars.Key: "uuid",
    scalars.Number: "numeric",
}


def form_of(kind: Any, column: models.Field) -> Form:
    """Return the form of a column that is shown as the GraphQL type `kind`."""
    leaf = get_named_type(kind)
    if names := leaf.extensions.get("names"):
        one = Form(lambda value: names[value] if value != "" else None, lambda value: _named(names, value))
    else:
        sql, quoted = _LEAVES.get(leaf, (None, False))
        one = Form(scalars.leaf(leaf), sql, quoted)
    if column.get_internal_type() == "ArrayField":
        one = _several(one)
    return Form(one.python, one.sql, one.quoted, column.null)


def id_form(name: str) -> Form:
    """Return the form of a key as the id of the type `name`."""
    broken = len(name) > 20  # PostgreSQL breaks lines of base64 after 76 characters

    def sql(expression: str) -> str:
        made = f"encode(('{name}:' || {expression})::bytea, 'base64')"
        return f"replace({made}, chr(10), '')" if broken else made

    return Form(lambda key: encode(name, key), sql, quoted=True, null=False)


def _named(names: dict[str, str], expression: str) -> str:
    cases = " ".join(f"WHEN {literal(value)} THEN {literal(json)}" for value, json in ((v, f'"{n}"') for v, n in names.items()))
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE CASE {expression} {cases} WHEN '' THEN 'null' ELSE '{UNKNOWN}' END END"


def _several(one: Form) -> Form:
    convert, sql = one.python, one.sql

    def array(expression: str) -> str:
        return f"'[' || array_to_string(ARRAY(SELECT {one.in_sql('u.e')} FROM unnest({expression}) AS u(e)), ',') || ']'"  # noqa: S608

    return Form(None if convert is None else lambda values: [convert(value) for value in values], array if sql else None)


def ordering_form(column: models.Field, expression: str) -> str:
    """Return the SQL of a column's value in a cursor, as text that is never NULL."""
    leaf = scalars.of_column(column)
    plain = leaf in (GraphQLBoolean, GraphQLInt, scalars.BigInt, scalars.Number)
    sql, quoted = _LEAVES.get(leaf, (_json, False))
    if plain:
        sql, quoted = _same, leaf is scalars.Number
    return Form(None, sql, quoted, column.null).in_sql(expression)
