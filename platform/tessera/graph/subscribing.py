"""What a client subscribed to, and what it gets for a change; whoever holds the line asks here."""

from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLSchema, OperationType, execute
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from tessera.changes.selectors import Change
from tessera.errors import ApiError, Code
from tessera.graph.documents import Invalid
from tessera.graph.requests import Request, documents, parse
from tessera.graph.subscriptions import FIELD


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription: its arguments, and the request that selects of each change; the document stays the cache's."""

    request: Request
    types: tuple[str, ...] | None
    since: str | None

    def event(self, schema: GraphQLSchema, key: Any, change: Change) -> bytes:
        """Return what the client gets for a change."""
        document = documents.get(key, schema, self.request.text)
        told = {"type": change.type, "id": change.id, "op": change.op.value, "cursor": change.cursor}
        result = execute(
            schema,
            document.ast,
            root_value=told,
            variable_values=self.request.variables,
            operation_name=self.request.operation,
        )
        return orjson.dumps(result.formatted)  # type: ignore[union-attr]


def subscribed(schema: GraphQLSchema, key: Any, request: Request) -> Subscribed:
    """Return what a request subscribes to; raise Invalid, or ApiError for one that is no subscription."""
    parsed = parse(schema, key, request)
    if parsed.operation.operation is not OperationType.SUBSCRIPTION or schema.subscription_type is None:
        raise ApiError(Code.BAD_INPUT, "Only subscriptions are served as streams.", field=["query"])
    if parsed.errors:
        raise Invalid(parsed.errors)
    root, variables = schema.subscription_type, parsed.variables
    ((node, *_),) = collect_fields(schema, parsed.document.fragments, variables, root, parsed.operation.selection_set).values()
    asked = get_argument_values(root.fields[FIELD], node, variables)
    types = asked.get("types")
    return Subscribed(request, None if types is None else tuple(types), asked.get("since"))
