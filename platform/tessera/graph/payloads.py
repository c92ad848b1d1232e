"""What mutations answer: `userErrors`, what a service returned, and the hold that it may wait on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any, get_args, get_origin

from django.db.models import Model
from graphql import GraphQLField, GraphQLObjectType, GraphQLString

from tessera.graph.definitions import Field, ObjectType, argument, attribute, list_of, required
from tessera.graph.holds import Hold, hold_of
from tessera.graph.names import pascal
from tessera.graph.registry import Registry
from tessera.graph.types import nullable, object_type, optional, output_type


@dataclass(frozen=True)
class UserError:
    """One finding about an input: `field` is its path, `code` says what is wrong.

    `details`, where there are any, say what a program needs to go on; which there are depends on the code.
    """

    field: list[str]
    message: str
    code: str
    details: dict[str, Any] | None = None


def has_secret(returns: Any) -> bool:
    """Say whether an answer shows a secret, which no key may keep for a copy."""
    return is_dataclass(returns) and any(each.metadata.get("secret") for each in fields(returns))


@dataclass
class Answer:
    """What a mutation answers, whatever its payload shows of it; `made` is what the service returned, `index` its item's place."""

    made: Any = None
    id: str | None = None
    kind: Any = None
    user_errors: list[UserError] = field(default_factory=list)
    index: int = 0

    @property
    def results(self) -> list["Answer"]:
        """Return the results of items: none, where all were refused as one."""
        return []

    @property
    def node(self) -> Any:
        """Return the row; a held service returns the document that waits, which may be another one."""
        return self.made if self.kind is None or isinstance(self.made, self.kind) else None

    @property
    def nodes(self) -> Any:
        return self.made if isinstance(self.made, (list, tuple)) else None

    @property
    def result(self) -> Any:
        return None if isinstance(self.made, Model) else self.made

    @cached_property
    def hold(self) -> Hold | None:
        return hold_of(self.made)


KEY = argument(GraphQLString)  # the argument idempotencyKey, one object for all mutations


class Payloads:
    """Make payload types: `userErrors`, and what the mutation returns."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.errors = Field(required(list_of(object_type(registry, UserError))), extensions=attribute("user_errors"))

    def make(
        self,
        mutation: str,
        parts: Mapping[str, Any],
        held: bool,
        *,
        suffix: str = "Payload",
        more: Mapping[str, GraphQLField] | None = None,
    ) -> GraphQLObjectType:
        """Return the payload type of a mutation, or by another `suffix` the type of something in it."""
        made = dict(more or {}) | {name: Field(kind, extensions=attribute(name)) for name, kind in parts.items()}
        if held:
            kind = object_type(self.registry, Hold)
            text = "The approval that the change waits for, if it was held back."
            made["hold"] = Field(kind, description=text, extensions=attribute("hold"))
        name = f"{pascal(mutation)}{suffix}"
        made["userErrors"] = self.errors
        return self.registry.once(name, (suffix, mutation), lambda: ObjectType(name, made))

    def of_return(self, hint: Any) -> dict[str, Any]:
        """Return the payload fields for a service's return type."""
        inner, _none = optional(hint)
        if hint is None or hint is type(None):
            return {}
        if isinstance(inner, type) and issubclass(inner, Model):
            return {"node": output_type(self.registry, inner)}
        items = get_args(inner)[0] if get_origin(inner) in (list, tuple) and get_args(inner) else None
        if isinstance(items, type) and issubclass(items, Model):
            return {"nodes": nullable(output_type(self.registry, inner))}
        return {"result": nullable(output_type(self.registry, inner))}
