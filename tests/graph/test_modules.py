"""What a tenant does not have does not exist in its API."""

import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from tessera.context import enter, system
from tessera.graph import schemas as schemas_module
from tessera.graph.build import build
from tessera.graph.schemas import Schemas
from tessera.graph.sdl import module_sets, sdl
from tessera.resource import REPORTS, Report

ALL, ALONE = frozenset({"base", "library", "lending"}), frozenset({"base", "library"})


@pytest.fixture
def alone(tenant):
    with enter(tenant.ref(), actor=system("test"), modules=ALONE) as context:
        yield context


@pytest.mark.parametrize(
    "of_absent, of_nothing",
    [
        ("{ loans { totalCount } }", "{ loons { totalCount } }"),
        ("{ books { nodes { loans { totalCount } } } }", "{ books { nodes { loons { totalCount } } } }"),
        ("{ books { nodes { lastLoan { id } } } }", "{ books { nodes { lostLoon { id } } } }"),
        ("{ node(id: 1) { ... on Loan { id } } }", "{ node(id: 1) { ... on Loon { id } } }"),
        ("query($f: LoanFilter) { __typename }", "query($f: LoonFilter) { __typename }"),
        ("mutation { loanCreate { id } }", "mutation { loonCreate { id } }"),
        ("{ books(filter: {lastLoan: {}}) { totalCount } }", "{ books(filter: {lostLoon: {}}) { totalCount } }"),
        ('{ greeting(name: "you") }', '{ grieving(name: "you") }'),
    ],
)
def test_a_disabled_module_is_unknown(alone, ask, of_absent, of_nothing):
    absent, nothing = ask(of_absent), ask(of_nothing)
    renamed = [error["message"] for error in nothing.errors]
    for wrong, right in (("loon", "loan"), ("Loon", "Loan"), ("lostLoan", "lastLoan"), ("grieving", "greeting")):
        renamed = [message.replace(wrong, right) for message in renamed]
    assert [error["message"] for error in absent.errors] == renamed
    assert "Did you mean" not in str(absent.errors)
    assert "data" not in absent.body
    assert set(absent.codes) == {"BAD_INPUT"}


def test_introspection_shows_the_modules_that_are_on(alone, ask):
    names = {kind["name"] for kind in ask("{ __schema { types { name } } }").data["__schema"]["types"]}
    assert "Book" in names
    assert not [name for name in names if "Loan" in name]
    assert ask('{ __type(name: "Loan") { name } }').data == {"__type": None}


def test_an_enabled_module_is_there_with_its_hand_written_fields(inside, ask):
    assert ask('{ greeting(name: "you") loans { totalCount } }').data == {"greeting": "hello you", "loans": {"totalCount": 0}}


def test_a_schema_is_built_once_and_the_least_used_gives_way(monkeypatch):
    built = []

    def slow(modules):
        built.append(modules)
        time.sleep(0.05)
        return build(modules)

    monkeypatch.setattr(schemas_module, "build", slow)
    kept = Schemas(most=1)  # what is larger than the bound is kept alone
    threads = [threading.Thread(target=kept.of, args=(ALONE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [ALONE]
    assert kept.of(ALL) is kept.of(ALL)
    kept.of(ALONE)
    assert built == [ALONE, ALL, ALONE]


def test_two_things_of_one_name_are_refused(monkeypatch):
    monkeypatch.setitem(REPORTS, "books", Report.__new__(Report))
    object.__setattr__(REPORTS["books"], "name", "books")
    object.__setattr__(REPORTS["books"], "module", "library")
    object.__setattr__(REPORTS["books"], "permission", "")
    object.__setattr__(REPORTS["books"], "selector", _a_number)
    with pytest.raises(ImproperlyConfigured, match="books"):
        build(ALONE)


def _a_number() -> int:
    return 1


def test_the_published_schemas_are_those_of_shipped_modules(tmp_path, monkeypatch):
    from frontend_api.management.commands import schema

    assert not any(label in ("library", "lending") for labels in module_sets().values() for label in labels)
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    monkeypatch.setattr(schema, "PAGES", tmp_path / "api")
    monkeypatch.setattr(schema.settings, "ROOT", tmp_path)
    with pytest.raises(CommandError, match=r"full\.graphql"):
        call_command("schema", "--check")
    call_command("schema", "--write")
    call_command("schema", "--check")
    (tmp_path / "base.graphql").write_text("type Query { nothing: Int }\n")
    with pytest.raises(CommandError, match=r"base.graphql differ"):
        call_command("schema", "--check")


def test_a_schema_as_text_is_the_same_twice():
    assert sdl(ALL) == sdl(ALL)
