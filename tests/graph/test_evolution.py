"""Apps that were built before a change go on working, or somebody has said that they do not."""

from datetime import date

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from graphql import print_schema
from tessera.context import EVERYTHING, Actor
from tessera.fields import new_id
from tessera.graph.answers import answer
from tessera.graph.build import build
from tessera.graph.evolution import Broken, broken_by, untold
from tessera.graph.needs import whole_schema
from tessera.graph.requests import Request
from tessera.outbox.hints import client
from tessera.resource import RESOURCES, Deprecated
from tessera.testing.asking import ask, codes
from tessera.testing.plugin import entered

from frontend_api.management.commands import schema as command

BEFORE = """
type Query { party(id: ID!): Party parties(first: Int, last: Int): [Party!]! }
type Party { code: String! name: String! state: State }
enum State { OPEN CLOSED }
input PartyInput { name: String }
"""


@pytest.mark.parametrize(
    "old, new, place",
    [
        ("code: String! ", "", "Party.code"),
        ("name: String!", "name: String", "Party.name"),
        ("first: Int, ", "", "Query.parties(first)"),
        ("first: Int", "first: String", "Query.parties(first)"),
        ("last: Int", "last: Int, state: State!", "Query.parties(state)"),
        (" CLOSED", "", "State.CLOSED"),
        ("{ name: String }", "{ name: String code: String! }", "PartyInput.code"),
        ("input PartyInput { name: String }", "", "PartyInput"),
    ],
)
def test_what_breaks_an_app_is_found_with_its_place(old, new, place):
    assert [change.place for change in broken_by(BEFORE, BEFORE.replace(old, new, 1))] == [place]


@pytest.mark.parametrize(
    "old, new",
    [
        ("code: String! ", 'code: String! @deprecated(reason: "Ask for name.") number: String '),
        ("last: Int", "last: Int, search: String"),
        ("CLOSED", "CLOSED HELD"),
        ("{ name: String }", "{ name: String code: String }"),
        ("state: State", "state: State!"),
    ],
)
def test_what_adds_optional_things_breaks_nothing(old, new):
    assert broken_by(BEFORE, BEFORE.replace(old, new, 1)) == []


def test_a_breaking_change_is_told_by_a_line_that_says_so_and_names_its_place():
    gone = [Broken("Party.code", "Party.code was removed."), Broken("Query.parties(first)", "...")]
    told = ["- Breaking: `Party.code` was removed; ask for `number`.\n", "- Now `Query.parties(first)` is faster.\n"]
    assert untold(gone, told) == gone[1:]
    assert untold(gone, [*told, "- Breaking: `Query.parties(first)` is called `take`."]) == []


@pytest.mark.parametrize(
    "host, line, told",
    [
        ("full", "type Party implements Node {", "Party.gone"),
        ("accounts", "type OfferedModule {", "accounts.OfferedModule.gone"),
    ],
)
def test_the_check_fails_for_a_break_that_nobody_told(tmp_path, monkeypatch, capsys, host, line, told):
    now = {name: (command.RELEASED / f"{name}.graphql").read_text() for name in ("full", "accounts")}
    for name, text in now.items():
        (tmp_path / f"{name}.graphql").write_text(text.replace(line, f"{line}\n  gone: ID", 1) if name == host else text)
    monkeypatch.setattr(command, "RELEASED", tmp_path)
    monkeypatch.setattr(command, "FRAGMENTS", tmp_path)
    check = command.Command()
    with pytest.raises(CommandError, match="apps of the last release would break"):
        check._released(now)
    assert f"{told}: {told.removeprefix('accounts.')} was removed." in capsys.readouterr().err
    (tmp_path / "base.md").write_text(f"- Breaking: `{told}` has gone.\n")
    check._released(now)


def test_a_release_keeps_the_schema_of_the_accounts_host_too(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "RELEASED", tmp_path / "released")
    monkeypatch.setattr(command.settings, "ROOT", tmp_path)
    call_command("schema", "--release")
    kept = {file.name: file.read_text() for file in (tmp_path / "released").iterdir()}
    assert sorted(kept) == ["accounts.graphql", "full.graphql"]
    assert kept == {name: (command.FOLDER / name).read_text() for name in kept}


def test_what_is_deprecated_says_what_to_use_and_until_when(monkeypatch):
    about = Deprecated("Ask for `name`.", until=date(2027, 12, 31))
    for name in ("title", "loans"):
        monkeypatch.setitem(vars(RESOURCES["Book"]), "deprecated", {name: about})
        text = print_schema(build(frozenset({"base", "library", "lending"})))
        assert text.count('@deprecated(reason: "Ask for `name`. It stays until 2027-12-31.")') == 1
    assert "@deprecated" not in print_schema(build(frozenset({"base", "library"})))  # without lending there are no loans


def test_a_resource_cannot_deprecate_what_it_has_not(monkeypatch):
    monkeypatch.setitem(vars(RESOURCES["Book"]), "deprecated", {"chapters": Deprecated("Count.", until=date(2027, 1, 1))})
    with pytest.raises(ImproperlyConfigured, match="Book deprecates chapters"):
        build(frozenset({"base", "library"}))


@pytest.fixture
def uncounted(tenant):
    """Forget what a test has counted: Valkey rolls nothing back."""
    yield
    for key in client().scan_iter(f"t_{tenant.id.hex}:deprecated:*"):
        client().delete(key)


def test_who_asks_for_what_leaves_is_warned_and_counted(tenant, uncounted, monkeypatch):
    """By place, app and day; what is not asked for any more is not in the list."""
    whole_schema()  # which stays in the process: not with what leaves for this test alone
    about = Deprecated("Ask for `name`.", until=date(2027, 12, 31))
    monkeypatch.setitem(vars(RESOURCES["Book"]), "deprecated", {"title": about})
    modules, key = frozenset({"base", "library"}), object()
    schema = build(modules)
    pocket = Actor(kind="member", member_id=new_id(), app="pocket", grants=dict.fromkeys(["library.book_view"], EVERYTHING))
    with entered(tenant, actor=pocket, modules=modules):
        for text in ("{ books { nodes { t: title } } }", "{ books { nodes { ...B } } } fragment B on Book { title id }"):
            body = answer(schema, key, Request(text, {})).body
            warning = {"code": "DEPRECATED", "place": "Book.title", "message": "Ask for `name`.", "until": "2027-12-31"}
            assert body["extensions"]["warnings"] == [warning]
        assert "extensions" not in answer(schema, key, Request("{ books { nodes { id } } }", {})).body
    developer = Actor(kind="member", member_id=new_id(), grants=dict.fromkeys(["access.api_explore"], EVERYTHING))
    with entered(tenant, actor=developer):
        assert ask("{ deprecatedUse { place app requests } }")["data"]["deprecatedUse"] == [
            {"place": "Book.title", "app": "pocket", "requests": 2}
        ]
    with entered(tenant, actor=pocket):
        assert codes(ask("{ deprecatedUse { place } }")) == ["FORBIDDEN"]
