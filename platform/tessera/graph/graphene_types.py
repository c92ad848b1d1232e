"""The escape hatch: hand-written graphene types join a schema through here.

A module's `graphql.py` may export graphene ObjectTypes `Query` and `Mutation`; their fields become
root fields while the module is on. A graphene type whose name is a generated one (`Party`,
`Decimal`) stands for that one, so `graphene.Field(lambda: Party)` with an empty class `Party` works.
So does a `DjangoObjectType` of graphene-django, whatever its name: it stands for the resource of its
model, so its rows are read under the same rights as everywhere else. One of a model without a
resource is refused, because nothing would guard it.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import graphene
from django.core.exceptions import ImproperlyConfigured
from graphene.types.schema import TypeMap
from graphene_django import DjangoObjectType
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from tessera.graph import scalars
from tessera.graph.registry import Registry
from tessera.module import modules
from tessera.resource import resource_of

ROOTS = ("Query", "Mutation")
OURS = (scalars.Date, scalars.DateTime, scalars.Time, scalars.BigInt, scalars.Key, scalars.Number, scalars.Json)
SCALARS = {kind.name: kind for kind in OURS}


class SharedTypes(TypeMap):
    """Graphene's compiler, which takes the types that exist already."""

    def __init__(self, shared: dict[str, Any], roots: list[Any]) -> None:
        self.shared = shared
        super().__init__(*roots)

    def add_type(self, graphene_type: Any) -> Any:
        meta: Any = getattr(graphene_type, "_meta", None)
        name = getattr(meta, "name", None)
        if isinstance(graphene_type, type) and issubclass(graphene_type, DjangoObjectType):
            found = resource_of(meta.model)
            if found is None or found.name not in self.shared:
                raise ImproperlyConfigured(f"{graphene_type.__name__} shows a model that has no resource here")
            name = found.name
        return self.shared[name] if name in self.shared else super().add_type(graphene_type)


def handwritten(registry: Registry) -> list[tuple[str, dict[str, GraphQLField]]]:
    """Return ("Query" or "Mutation", fields) of each module that is on and has a `graphql.py`."""
    found = []
    for label, module in modules().items():
        path = f"{module.name}.graphql"
        if label in registry.shapes.on and find_spec(path):
            for name, kind in compiled(import_module(path), {**SCALARS, **registry.types}).items():
                found.append((name, dict(kind.fields)))
    return found


def compiled(exports: Any, shared: dict[str, Any]) -> dict[str, GraphQLObjectType]:
    """Return the compiled root types that a Python module exports."""
    classes = [getattr(exports, name, None) for name in ROOTS]
    types = SharedTypes(shared, classes)
    return {name: kind for name, kind in zip(ROOTS, (types.query, types.mutation), strict=True) if kind is not None}


def standalone(exports: list[Any]) -> GraphQLSchema:
    """Return a schema of its own from the graphene roots that several Python modules export."""
    roots = []
    for name in ROOTS:
        parts = [part for each in exports if (part := getattr(each, name, None)) is not None]
        roots.append(type(name, (*parts, graphene.ObjectType), {}) if parts else None)
    types = SharedTypes(dict(SCALARS), roots)
    return GraphQLSchema(types.query, types.mutation)
