"""The types of one schema, each made once and each name given to one thing only."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from graphql import GraphQLArgument, GraphQLEnumType, GraphQLNamedType, GraphQLScalarType

from tessera.graph import scalars
from tessera.graph.definitions import EnumType, EnumValue
from tessera.graph.names import NAME, constant, pascal
from tessera.graph.shapes import Column, Shapes

Made = TypeVar("Made", bound=GraphQLNamedType)


class Registry:
    """The named types made so far for the modules of `shapes`."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.types: dict[str, GraphQLNamedType] = {}
        self._origins: dict[str, Any] = {}
        self.arguments: dict[str, dict[str, GraphQLArgument]] = {}  # of the lists of a resource, by its name

    def once(self, name: str, origin: Any, make: Callable[[], Made]) -> Made:
        """Return the type `name`, making it at the first call; refuse it for a second `origin`."""
        if name not in self.types:
            if not NAME.match(name):
                raise ImproperlyConfigured(f"{origin} would be named {name!r}, which is no GraphQL name")
            self._origins[name] = origin
            self.types[name] = make()
        elif self._origins[name] != origin:
            raise ImproperlyConfigured(f"{origin} and {self._origins[name]} would both be named {name} in GraphQL")
        return self.types[name]  # type: ignore[return-value]

    def leaf_of(self, column: Column, owner: str) -> GraphQLScalarType | GraphQLEnumType:
        """Return the scalar of a column, or its enum when it has choices that can be named."""
        choices = [(value, label) for value, label in (column.field.flatchoices or ()) if value not in ("", None)]
        text = isinstance(column.field, (models.CharField, models.TextField))
        made = self.enum(owner + pascal(column.field.name), choices) if choices and text else None
        return made or scalars.of_column(column.field)

    def enum(self, name: str, choices: list[tuple[Any, Any]]) -> GraphQLEnumType | None:
        """Return the enum of `(value, label)` pairs; None when a value gives no name."""
        names = [constant(value) for value, _ in choices]
        if not all(NAME.match(each) for each in names) or len(set(names)) < len(names):
            return None
        values = tuple(value for value, _ in choices)

        def make() -> GraphQLEnumType:
            pairs = zip(names, choices, strict=True)
            members = {each: EnumValue(str(value), description=str(label)) for each, (value, label) in pairs}
            names_by_value = {str(value): each for each, value in zip(names, values, strict=True)}
            return EnumType(name, members, extensions={"names": names_by_value})

        return self.once(name, ("enum", values), make)


def describe(thing: Any) -> str | None:
    """Return a docstring as a description; None for one that Django or dataclasses made."""
    text = inspect.getdoc(thing)
    if not text or text.startswith(f"{getattr(thing, '__name__', '')}("):
        return None
    return text
