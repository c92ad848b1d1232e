"""What is going to leave the API: marked in the schema, with what to use instead and the day until which it stays."""

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from tessera.graph.names import lower_first, pascal
from tessera.graph.shapes import Shapes
from tessera.resource import (
    EVERY_RECORD,
    MUTATIONS,
    REPORTS,
    RESOURCES,
    Action,
    Deprecated,
    Mutation,
    Report,
    Resource,
    camel,
    declared,
)

Place = tuple[str, str]  # the name of a type and of its field


def mark(schema: GraphQLSchema, shapes: Shapes) -> dict[str, Deprecated]:
    """Mark the fields of a new schema that are deprecated, and return them by their coordinates (`Party.code`)."""
    marked = {}
    for (kind, name), about in _said(shapes):
        _field(schema, kind, name).deprecation_reason = f"{about.reason} It stays until {about.until:%Y-%m-%d}."
        marked[f"{kind}.{name}"] = about
    return marked


def _said(shapes: Shapes) -> Iterator[tuple[Place, Deprecated]]:
    for shape in shapes:
        for name, about in shape.resource.deprecated.items():
            if camel(name) in shape.members:  # a relation or list of a module that is off is not there
                yield (shape.name, camel(name)), about
            elif not _known(shape.resource, name):
                raise ImproperlyConfigured(f"{shape.name} deprecates {name}, which it has not")
        for action in shape.resource.actions:
            if isinstance(action, Action) and action.deprecated:
                yield ("Mutation", lower_first(shape.name) + pascal(action.verb)), action.deprecated
    roots: list[tuple[str, Report | Mutation]] = [("Query", report) for report in declared(REPORTS, shapes.on)]
    roots += [("Mutation", mutation) for mutation in declared(MUTATIONS, shapes.on)]
    for root, found in roots:
        if found.deprecated:
            yield (root, camel(found.name)), found.deprecated


def _known(resource: Resource, name: str) -> bool:
    """Say whether a resource has a field in some set of modules."""
    hung = (under.name for child in RESOURCES.values() for under in child.under if under.parent in (resource.label, EVERY_RECORD))
    return name in {*resource.fields, *(child.name for child in resource.children), *hung}


def _field(schema: GraphQLSchema, kind: str, name: str) -> GraphQLField:
    found = schema.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    return found.fields[name]
