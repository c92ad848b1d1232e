"""Export a list as a table: asked for through GraphQL page by page, so rows and fields are those that the reader may see."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from tessera.budget import Budget
from tessera.cells import cell
from tessera.context import current
from tessera.custom.selectors import SHOWN_AS, fields_of
from tessera.errors import ApiError, Code, NotFound
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.graph.shapes import Relation, Shape
from tessera.resource import camel

PAGE = 250
MOST_ROWS = 50_000
CUSTOM = camel(SHOWN_AS)


def export_csv(*, plural: str, filter: dict[str, Any] | None = None, search: str = "", budget: Budget | None = None) -> str:
    """Return the rows of a list (`parties`) as CSV with a head: its columns, keys of what it points to, and custom fields.

    `filter` and `search` are those of the list. Raises NotFound for a list that does not exist here,
    ApiError as the list would, TOO_COMPLEX for more than 50,000 rows.
    """
    schema = schema_for(current().modules)
    root, node = _list_of(schema, plural)
    shape: Shape = node.extensions["shape"]
    columns = _columns(node, shape)
    custom = list(fields_of(shape.resource.label)) if CUSTOM in shape.members else []
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([*columns, *(f"custom.{name}" for name in custom)])
    shown = " ".join([*columns.values(), f"{CUSTOM} {{ name value }}" if custom else ""])
    for row in _rows(plural, root, shown, {"filter": filter or None, "search": search or None}, budget):
        own = {each["name"]: each["value"] for each in row.get(CUSTOM) or ()}
        writer.writerow([cell(row[name]) for name in columns] + [cell(own.get(name)) for name in custom])
    return file.getvalue()


def _list_of(schema: GraphQLSchema, plural: str) -> tuple[GraphQLField, GraphQLObjectType]:
    """Return the field of a list and the type of its rows."""
    root = schema.query_type.fields.get(plural) if schema.query_type else None
    connection = get_named_type(root.type) if root else None
    nodes = connection.fields.get("nodes") if isinstance(connection, GraphQLObjectType) else None
    node = get_named_type(nodes.type) if nodes else None
    if root is None or not isinstance(node, GraphQLObjectType) or "shape" not in node.extensions:
        raise NotFound
    return root, node


def _columns(node: GraphQLObjectType, shape: Shape) -> dict[str, str]:
    """Return the selection of each column by its name."""
    columns = {}
    for name, field in node.fields.items():
        if isinstance(shape.members.get(name), Relation):
            columns[name] = f"{name} {{ id }}"
        elif is_leaf_type(get_named_type(field.type)):
            columns[name] = name
    return columns


def _rows(plural: str, root: GraphQLField, shown: str, given: dict[str, Any], budget: Budget | None) -> Iterator[dict[str, Any]]:
    asked = {name: value for name, value in given.items() if value is not None}
    if unknown := [name for name in asked if name not in root.args]:
        raise ApiError(Code.BAD_INPUT, f"This list takes no {unknown[0]}.", field=unknown)
    types = "".join(f", ${name}: {root.args[name].type}" for name in asked)
    passed = "".join(f", {name}: ${name}" for name in asked)
    text = (
        f"query($after: String{types}) {{ {plural}(first: {PAGE}, after: $after{passed})"
        f" {{ nodes {{ {shown} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )
    after, count = None, 0
    while True:
        body = answer_here(Request(text, {**asked, "after": after}), budget).body
        if errors := body.get("errors"):
            more = {key: value for key, value in errors[0]["extensions"].items() if key != "code"}
            raise ApiError(Code(errors[0]["extensions"]["code"]), errors[0]["message"], **more)
        page = orjson.loads(orjson.dumps(body["data"][plural]))
        count += len(page["nodes"])
        if count > MOST_ROWS:
            raise ApiError(Code.TOO_COMPLEX, f"At most {MOST_ROWS} rows are exported at once; filter them.")
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
