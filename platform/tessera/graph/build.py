"""Compile the resources, services and reports of a set of modules to one GraphQL schema."""

from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from graphql import GraphQLObjectType, GraphQLSchema, specified_directives

from tessera.graph.deprecations import mark
from tessera.graph.graphene_types import handwritten
from tessera.graph.mutations import mutation_fields
from tessera.graph.queries import query_fields
from tessera.graph.registry import Registry
from tessera.graph.reports import report_fields
from tessera.graph.root_mutations import root_mutation_fields
from tessera.graph.shapes import Shapes
from tessera.graph.subscriptions import subscription_type


def build(modules: frozenset[str]) -> GraphQLSchema:
    """Return the schema of a tenant with `modules` on; what is off does not exist in it.

    Raises ImproperlyConfigured, naming both sides, where two things claim one name.
    """
    with translation.override(None):  # descriptions do not depend on who asks first
        registry = Registry(Shapes(modules))
        query = query_fields(registry)
        mutation = mutation_fields(registry)
        for name, fields in (
            ("Query", report_fields(registry)),
            ("Mutation", root_mutation_fields(registry)),
            *handwritten(registry),
        ):
            target = mutation if name == "Mutation" else query
            if twice := sorted(target.keys() & fields.keys()):
                raise ImproperlyConfigured(f"the root fields {twice} exist already")
            target |= fields
        schema = GraphQLSchema(
            GraphQLObjectType("Query", query),
            GraphQLObjectType("Mutation", mutation) if mutation else None,
            subscription_type(registry),
            types=[registry.types[shape.name] for shape in registry.shapes],
            directives=specified_directives,
            extensions={"shapes": registry.shapes},
        )
        schema.extensions["deprecated"] = mark(schema, registry.shapes)
        return schema
