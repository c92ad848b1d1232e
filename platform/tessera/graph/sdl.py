"""The schemas as text: one file per set of modules that is shipped, and one for the accounts host."""

from importlib.metadata import entry_points

from graphql import GraphQLSchema, lexicographic_sort_schema, print_schema

from tessera.graph.build import build
from tessera.module import ENTRY_POINTS, closure, modules


def shipped() -> frozenset[str]:
    """Return the labels of the modules that are installed as packages, not those of tests."""
    return frozenset(point.name for point in entry_points(group=ENTRY_POINTS)).intersection(modules())


def module_sets() -> dict[str, frozenset[str]]:
    """Return the sets whose schemas are kept as files: everything, each bundle, and what is always on."""
    known, here = modules(), shipped()
    sets = {"full": closure(here)}
    sets |= {label: closure([label]) for label in sorted(here) if known[label].is_bundle}
    return sets | {"base": closure(label for label in here if known[label].always_on)}


def sdl(labels: frozenset[str]) -> str:
    """Return the schema of a set of modules, sorted, as text."""
    return printed(build(labels))


def printed(schema: GraphQLSchema) -> str:
    """Return a schema, sorted, as text."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"
