"""The root type of subscriptions: the changes of a tenant, as they come."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLString

from tessera.changes.selectors import Change
from tessera.graph.definitions import Field, ObjectType, argument, list_of
from tessera.graph.registry import Registry
from tessera.graph.types import object_type

FIELD = "changed"
CHANGED = """Each change in these types (all that you may view, by default), from the cursor `since` on, or from now.

An event is thin: read the record by its id. The SSE id of an event is the cursor behind it.
"""


def subscription_type(registry: Registry) -> GraphQLObjectType:
    """Return the root type of subscriptions."""
    arguments = {
        "types": argument(list_of(GraphQLString)),
        "since": argument(GraphQLString),
    }
    field = Field(object_type(registry, Change), arguments, resolve=_event, description=CHANGED.strip())
    return ObjectType("Subscription", {FIELD: field})


def _event(event: Any, _info: Any, **_arguments: Any) -> Any:
    return event
