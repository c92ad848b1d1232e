"""A request that is sent twice has one effect and one answer."""

import threading
from datetime import timedelta

import orjson
import pytest
from django.db import connections
from django.utils import timezone
from tessera.context import EVERYTHING, Actor, acting, enter, system
from tessera.fields import new_id
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.idempotency.models import IdempotencyKey
from tessera.idempotency.services import forget_keys
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author

CREATE = """mutation($key: String, $name: String!) { authorCreate(idempotencyKey: $key, input: {name: $name}) {
    node { name id version } userErrors { field code } } }"""


def test_a_copy_gets_the_same_answer_and_has_no_effect(inside, ask):
    first = ask(CREATE, key="k1", name="Eve")
    assert first.data["authorCreate"]["node"]["name"] == "Eve"
    with unit_of_work():
        Author.objects.update(name="Changed since")
    copy = ask(CREATE, key="k1", name="Eve")
    assert orjson.dumps(copy.body) == orjson.dumps(first.body)  # the order of the fields too
    assert Author.objects.count() == 1


def test_a_key_used_for_something_else_is_a_conflict(inside, ask):
    ask(CREATE, key="k1", name="Eve").data  # noqa: B018
    conflict = {"node": None, "userErrors": [{"field": ["idempotencyKey"], "code": "CONFLICT"}]}
    assert ask(CREATE, key="k1", name="Fay").data["authorCreate"] == conflict
    other_selection = ask(CREATE.replace("version", ""), key="k1", name="Eve").data["authorCreate"]
    assert other_selection["userErrors"] == conflict["userErrors"]
    assert Author.objects.count() == 1


def test_a_refused_request_leaves_no_key(library, ask):
    assert ask(CREATE, key="k1", name="Ann").data["authorCreate"]["userErrors"] == [
        {"field": ["input", "name"], "code": "UNIQUE"}
    ]
    assert not IdempotencyKey.objects.exists()
    with unit_of_work():
        Author.objects.filter(name="Ann").update(name="Anna")
    assert ask(CREATE, key="k1", name="Ann").data["authorCreate"]["node"]["name"] == "Ann"


def test_keys_of_different_actors_do_not_meet(inside, ask):
    grants = {"library.author_create": EVERYTHING, "library.author_view": EVERYTHING}
    for name in ("Bob's", "Cid's"):
        with acting(Actor(kind="member", member_id=new_id(), grants=grants)):
            assert ask(CREATE, key="k1", name=name).data["authorCreate"]["node"]["name"] == name


def test_actions_and_deletes_take_keys_too(library, ask):
    text = """mutation($id: ID!) { bookPrint(id: $id, version: 1, idempotencyKey: "p", input: {pages: 5}) {
        node { state version } userErrors { code } } }"""
    id = encode("Book", library.alpha.pk)
    printed = {"node": {"state": "PRINTED", "version": 2}, "userErrors": []}
    assert [ask(text, id=id).data["bookPrint"] for _ in range(2)] == [printed] * 2
    lone = ask(CREATE, name="Eve").data["authorCreate"]["node"]["id"]
    text = 'mutation($id: ID!) { authorDelete(id: $id, idempotencyKey: "d") { id userErrors { code } } }'
    assert [ask(text, id=lone).data["authorDelete"] for _ in range(2)] == [{"id": lone, "userErrors": []}] * 2


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_1_to_255_characters(inside, ask, key):
    asked = ask(CREATE, key=key, name="Eve")
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["idempotencyKey"]])
    assert not Author.objects.exists()


def test_old_keys_are_forgotten(inside, ask):
    ask(CREATE, key="k1", name="Eve").data  # noqa: B018
    with unit_of_work():
        assert forget_keys(before=timezone.now() - timedelta(days=1)) == 0
        assert forget_keys(before=timezone.now() + timedelta(days=1)) == 1


@pytest.mark.safety
@pytest.mark.committed
def test_concurrent_copies_have_one_effect_and_one_answer(tenant, count):
    keys, copies = count("keys", 20, 2_000), 5
    modules = frozenset({"base", "library", "lending"})
    schema, ref, answers = schema_for(modules), tenant.ref(), []
    start = threading.Barrier(copies)

    def send() -> None:
        try:
            with enter(ref, actor=system("copies"), modules=modules):
                for number in range(keys):
                    start.wait()
                    made = answer(schema, modules, Request(CREATE, {"key": f"k{number}", "name": f"Author {number}"}))
                    answers.append((number, orjson.dumps(made.body)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == keys * copies
    assert len(set(answers)) == keys
    assert all(b'"userErrors":[]' in body for _, body in answers)
    with enter(ref, actor=system("count"), modules=modules):
        assert sorted(Author.objects.values_list("name", flat=True)) == sorted(f"Author {number}" for number in range(keys))


@pytest.mark.committed
def test_of_two_writers_with_one_version_one_wins(tenant):
    modules = frozenset({"base", "library", "lending"})
    schema, ref, answers = schema_for(modules), tenant.ref(), []
    with enter(ref, actor=system("seed"), modules=modules), unit_of_work():
        author = Author(name="Ann")
        author.save()
    text = """mutation($id: ID!, $name: String!) { authorUpdate(id: $id, version: 1, input: {name: $name}) {
        node { version } userErrors { code } } }"""
    start = threading.Barrier(4)

    def write(name: str) -> None:
        try:
            with enter(ref, actor=system("write"), modules=modules):
                start.wait()
                made = answer(schema, modules, Request(text, {"id": encode("Author", author.pk), "name": name}))
                answers.append(made.body["data"]["authorUpdate"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(f"name {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [each for each in answers if each["node"]]
    assert won == [{"node": {"version": 2}, "userErrors": []}]
    assert [each["userErrors"] for each in answers if not each["node"]] == [[{"code": "CONFLICT"}]] * 3


def test_an_answer_with_a_secret_is_never_kept(inside):
    fields = schema_for(inside.modules).mutation_type.fields
    assert "idempotencyKey" not in fields["accessTokenIssue"].args
    assert "idempotencyKey" in fields["accessTokenRevoke"].args
