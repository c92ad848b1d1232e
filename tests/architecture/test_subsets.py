"""Every set of parts that is closed under what they need stands on its own.

The sets grow with the parts: whoever adds one is tested against all others without a word.
"""

from functools import cache
from itertools import chain, combinations

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType
from tessera.context import TenantRef, enter, system
from tessera.db.installer import applied, make_schema
from tessera.db.inventory import inventory_of
from tessera.db.scripts import plan
from tessera.fields import new_id
from tessera.graph.answers import answer_here
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.graph.sdl import shipped
from tessera.module import closure, modules
from tessera.resource import RESOURCES
from tessera.testing.safety import runs_long

GHOST = "Zyxwvut"


def parts() -> list[str]:
    """Return the shipped modules that have tables of their own and can be off."""
    return [
        label for label in modules() if label in shipped() and not modules()[label].is_bundle and not modules()[label].always_on
    ]


def closed_sets() -> list[frozenset[str]]:
    """Return every set of parts with all that they need, the smallest first."""
    chosen = chain.from_iterable(combinations(parts(), size) for size in range(len(parts()) + 1))
    return sorted({closure(each) for each in chosen}, key=lambda labels: (len(labels), sorted(labels)))


SETS = closed_sets()
ALL = max(SETS, key=len)
# Everything but one part and what needs it: whatever a set lacks, it lacks for a part, and one of these lacks it too.
TELLING = [ALL.difference(each for each in ALL if part in closure([each])) for part in parts()]


def name_of(labels: frozenset[str]) -> str:
    return "-".join(label for label in modules() if label in labels)


def pytest_generate_tests(metafunc):
    """By default every third set is installed, and all parts; `make safety` installs every set."""
    if "installed" in metafunc.fixturenames:
        metafunc.parametrize("installed", SETS if runs_long(metafunc.config) else [*SETS[:-1:3], ALL], ids=name_of)


@cache
def whole_members() -> dict[tuple[str, ...], str]:
    return members(schema_for(ALL))


def members(schema) -> dict[tuple[str, ...], str]:
    """Return every name in a schema: types, fields, arguments, input fields and enum values, with what they are."""
    found = {}
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        found[(name,)] = type(kind).__name__
        if isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType)):
            for each, about in kind.fields.items():
                found[name, each] = str(about.type)
                for argument, what in getattr(about, "args", {}).items():
                    found[name, each, argument] = str(what.type)
        elif isinstance(kind, GraphQLEnumType):
            for each in kind.values:
                found[name, each] = "value"
    return found


def asked(labels: frozenset[str], text: str) -> dict:
    tenant = TenantRef(new_id(), "t_nobody")
    with enter(tenant, actor=system("test"), modules=labels):
        return answer_here(Request(text, {})).body


def test_there_are_as_many_sets_as_the_dependencies_allow():
    needs = {label: [need for need in modules()[label].depends if need in parts()] for label in parts()}
    free = [label for label in parts() if not needs[label] and not any(label in other for other in needs.values())]
    tied = [label for label in parts() if label not in free]
    closed = [
        chosen
        for size in range(len(tied) + 1)
        for chosen in combinations(tied, size)
        if all(need in chosen for label in chosen for need in needs[label])
    ]
    assert len(SETS) == 2 ** len(free) * len(closed)


@pytest.mark.safety
def test_a_set_installs(_database, installed):
    """From the recorded scripts into a schema of its own, with the tables of its modules and no others."""
    ref = TenantRef(new_id(), f"t_{new_id().hex}")
    make_schema(ref, installed)
    with enter(ref, actor=system("test"), modules=installed):
        assert applied() == set(plan(installed))
        for label, module in modules().items():
            wanted = {model._meta.db_table for model in module.get_models()} if label in installed else set()
            assert set(inventory_of(label).tables) == wanted


@pytest.mark.parametrize("labels", SETS, ids=name_of)
def test_a_set_has_a_schema_without_dead_links(labels):
    """It is a part of the whole: nothing means something else, and nothing of an absent module is there."""
    schema = schema_for(labels)
    mine, whole = members(schema), whole_members()
    assert {place: kind for place, kind in mine.items() if whole.get(place) != kind} == {}
    resources = {found.name: found.module for found in RESOURCES.values() if found.module in modules()}
    assert {name for name, module in resources.items() if module in labels} <= schema.type_map.keys()
    assert {name for name, module in resources.items() if module not in labels} & schema.type_map.keys() == set()


@pytest.mark.parametrize("labels", TELLING, ids=name_of)
def test_what_is_absent_fails_like_what_never_was(labels):
    mine, whole = members(schema_for(labels)), whole_members()
    absent = [place for place in whole if place not in mine]
    for place in absent:
        if text := document(place, schema_for(labels)):
            ghost = ("Zyxwvut" * 10)[: len(place[-1])]  # as long as the name, so that columns are the same
            known, unknown = asked(labels, text.replace(GHOST, place[-1])), asked(labels, text.replace(GHOST, ghost))
            assert str(known).replace(place[-1], ghost) == str(unknown).replace(place[-1], ghost), place


def document(place: tuple[str, ...], schema) -> str:
    """Return a document that names the ghost where `place` would be; empty where there is no such place here."""
    kind = schema.type_map.get(place[0])
    if len(place) == 1:
        return f"query($it: {GHOST}) {{ node(id: $it) {{ ... on {GHOST} {{ id }} }} }}"
    if len(place) == 2 and kind is schema.query_type:
        return f"{{ {GHOST} }}"
    if len(place) == 2 and kind is schema.mutation_type:
        return f"mutation {{ {GHOST} }}"
    if len(place) == 2 and isinstance(kind, GraphQLObjectType) and "shape" in kind.extensions:
        return f'{{ node(id: "x") {{ ... on {kind.name} {{ {GHOST} }} }} }}'
    return ""


@pytest.mark.parametrize("label", parts())
def test_an_id_of_an_absent_type_is_not_found(label):
    labels = closure([])
    for found in RESOURCES.values():
        if found.module == label:
            known, ghost = (asked(labels, f'{{ node(id: "{encode(name, new_id())}") {{ id }} }}') for name in (found.name, GHOST))
            assert known == ghost
            assert known["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("label", [label for label, module in modules().items() if module.is_bundle])
def test_a_bundle_is_its_parts(label):
    """Its name adds nothing to the schema."""
    assert members(schema_for(closure([label]))) == members(schema_for(closure([label]) - {label}))
