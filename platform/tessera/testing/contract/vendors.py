"""Vendors: a partner's module brings no name into the API that could be somebody else's."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, specified_scalar_types

from tessera.graph.build import build
from tessera.graph.graphene_types import SCALARS
from tessera.module import closure, modules
from tessera.testing.contract.parts import Part, check
from tessera.vendors import begins_with, wrong_names

OF_ALL = {*SCALARS, *specified_scalar_types}


@check
def names_carry_the_vendor(part: Part) -> Iterator[str]:
    """What a vendor's module brings into the API, types, fields on types of others and values, begins with the vendor's prefix."""
    vendor = part.module.vendor
    if not vendor:
        return
    declared = (*part.resources, *part.reports, *part.mutations, *part.importers)
    yield from wrong_names(part.label, vendor, declared, ())
    without = frozenset(label for label in modules() if part.label not in closure([label]))
    before, after = _names_in(build(without)), _names_in(build(part.closure))
    for kind in after:
        if kind not in before:
            if not begins_with(vendor, kind):
                yield f"{part.label}: the type {kind} is without the prefix of its vendor {vendor}"
            continue
        for name in sorted(after[kind] - before[kind]):
            if not begins_with(vendor, name):
                yield f"{part.label}: {kind}.{name} is without the prefix of its vendor {vendor}"


def _names_in(schema: Any) -> dict[str, set[str]]:
    """Return the types of a schema with the names in each, but for the scalars that all share and how they are compared."""
    found: dict[str, set[str]] = {}
    for name, kind in schema.type_map.items():
        if name.removesuffix("Comparison") in OF_ALL or name.startswith("__"):
            continue
        if isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType)):
            found[name] = set(kind.fields)
        else:
            found[name] = set(kind.values) if isinstance(kind, GraphQLEnumType) else set()
    return found
