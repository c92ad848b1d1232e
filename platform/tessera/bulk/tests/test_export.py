"""A list is read to its end in the background, one row a line, under the rights of whoever asked."""

import tracemalloc
from datetime import timedelta

import pytest
from django.utils import timezone

from tessera.access.models import AccessToken, Member
from tessera.accounts.models import Account
from tessera.bulk.models import BulkOperation
from tessera.bulk.services.running import run_slice
from tessera.bulk.tests.hands import AUTHORS, EXPORT, authors, growth, result, run, shown, start_export
from tessera.context import EVERYTHING, Actor, Reach, acting, system
from tessera.fields import new_id
from tessera.files.models import StorageUse, StoredFile
from tessera.testing.asking import ask, refusals
from tessera.unit_of_work import unit_of_work
from tests.samples.library.models import Author, Book


def test_a_list_is_read_to_its_end_one_row_a_line(inside, small):
    authors(10)
    operation = run(start_export())
    assert (operation.state, operation.rows_total, operation.rows_done) == ("done", 10, 10)
    body = ask("{ authors(first: 250) { nodes { id name } } }")
    assert result(operation) == body["data"]["authors"]["nodes"]
    assert shown() | {"resultUrl": 1} == {
        "state": "DONE", "rowsTotal": 10, "rowsDone": 10, "rowsFailed": 0, "errorCode": "", "error": "", "resultUrl": 1,
    }  # fmt: skip
    assert StorageUse.objects.get().bytes == StoredFile.objects.get().size
    assert run_slice(operation.pk) is False


def test_filter_order_variables_and_nested_lists_are_those_of_the_query(inside, small):
    with unit_of_work():
        ann = Author(name="Ann")
        ann.save()
        for title in ("Alpha", "Beta", "Gamma", "Delta"):
            Book(author=ann, title=title).save()
    query = """query($word: String!, $n: Int!) { authors(filter: {name: {startsWith: $word}}, orderBy: [{field: NAME, direction: DESC}]) {
        nodes { name books(first: $n, orderBy: [{field: TITLE}]) { totalCount nodes { title } } ...Key } } } fragment Key on Author { kind }"""
    authors(4)
    assert result(run(start_export(query=query, variables={"word": "Ann", "n": 2}))) == [
        {"name": "Ann", "books": {"totalCount": 4, "nodes": [{"title": "Alpha"}, {"title": "Beta"}]}, "kind": "PERSON"}
    ]
    names = [row["name"] for row in result(run(start_export(query=query, variables={"word": "A", "n": 2})))]
    assert names == [f"Author {number:05}" for number in (3, 2, 1, 0)] + ["Ann"]


def test_an_empty_list_is_a_result_without_lines(inside):
    operation = run(start_export())
    assert (operation.state, operation.rows_total, result(operation)) == ("done", 0, [])


@pytest.mark.parametrize(
    "query",
    [
        "{ authors { nodes { name } pageInfo { endCursor } } }",
        "{ authors { totalCount } }",
        "{ authors(first: 5) { nodes { name } } }",
        "{ authors { nodes { name books { nodes { title } } } } }",
        "{ authors { nodes { name } } books { nodes { title } } }",
        '{ author(id: "x") { name } }',
        'mutation { authorCreate(input: {name: "x"}) { node { id } } }',
        "{ authors { nodes { salary } } }",
        "{ authors { nodes { name ",
        "{ __typename }",
        "query A { authors { nodes { name } } } query B { books { nodes { title } } }",
        "",
    ],
)
def test_what_is_no_query_of_one_list_is_refused(inside, query):
    assert refusals(EXPORT, input={"query": query}) == [("INVALID", "input.query")]
    assert not BulkOperation.objects.exists() and not StoredFile.objects.exists()


def test_a_wrong_variable_fails_the_operation_by_its_code(inside):
    operation = run(start_export(query="query($n: String!) { authors(filter: {name: {eq: $n}}) { nodes { id } } }", variables={}))
    assert (operation.state, operation.error_code) == ("failed", "BAD_INPUT")
    assert "$n" in operation.error


def test_rows_and_fields_are_those_that_the_owner_may_see_while_it_runs(bob, small):
    with acting(system("seed")), unit_of_work():
        for number in range(7):
            Author(name=f"A{number}", owner=bob.member_id if number % 2 else None, advance="5").save()
    query = "{ authors(orderBy: [{field: NAME}]) { nodes { name advance } } }"
    bob.grants["library.author_view"] = Reach(own=True)
    assert result(run(start_export(query=query))) == [{"name": f"A{number}", "advance": None} for number in (1, 3, 5)]
    started = start_export(query=query)
    bob.grants.update(dict.fromkeys(("library.author_advance", "library.author_view"), EVERYTHING))  # given while it waits
    assert [row["advance"] for row in result(run(started))] == ["5"] * 7


def test_who_lost_the_right_is_stopped_with_what_was_read(bob, small):
    authors(7)
    operation = start_export()
    assert run_slice(operation.pk)
    del bob.grants["library.author_view"]
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)
    assert "library.author_view" in operation.error
    assert len(result(operation)) == 3


def test_who_may_not_view_the_list_may_not_ask_for_it_as_a_file(bob):
    del bob.grants["library.author_view"]
    (error,) = ask(EXPORT, input={"query": AUTHORS})["errors"]
    assert (error["extensions"]["code"], error["extensions"]["permission"]) == ("FORBIDDEN", "library.author_view")


@pytest.mark.parametrize("how", ["deactivated", "account"])
def test_who_was_let_go_is_stopped(bob, small, how):
    authors(7)
    operation = start_export()
    assert run_slice(operation.pk)
    if how == "account":
        Account.objects.update(is_active=False)
    else:
        with unit_of_work():
            Member.objects.filter(pk=bob.member_id).update(state=Member.State.DEACTIVATED)
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)


def test_a_token_bounds_what_it_asked_for_and_its_end_stops_it(bob, small):

    authors(7)
    with unit_of_work():
        token = AccessToken(member_id=bob.member_id, kind="personal", name="t", prefix="x", hash="h", epoch=1)
        token.scopes, token.expires_at = ["library.author_view"], timezone.now() + timedelta(days=1)
        token.save()
    with acting(Actor(kind="member", member_id=bob.member_id, grants=bob.grants, token_id=token.pk)):
        operation = start_export()
        books = start_export(query="{ books { nodes { title } } }")
    assert run(books).error_code == "FORBIDDEN"
    assert run_slice(operation.pk)
    with unit_of_work():
        AccessToken.objects.update(revoked_at=timezone.now())
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)


def test_an_app_bounds_it_by_its_scopes_for_as_long_as_its_device_is_signed_in(bob, small):
    authors(4)
    with unit_of_work():
        device = AccessToken(
            member_id=bob.member_id, kind="app", name="t", prefix="x", hash="h", epoch=1, account_epoch=1, app="pocket"
        )
        device.scopes, device.expires_at = ["library:view"], timezone.now() - timedelta(hours=1)  # its next secret may come
        device.renewable_until = timezone.now() + timedelta(days=1)
        device.save()
    with acting(Actor(kind="member", member_id=bob.member_id, grants=bob.grants, token_id=device.pk)):
        authored, asked_later = start_export(), start_export()
    assert (run(authored).state, authored.rows_done) == ("done", 4)
    with unit_of_work():
        AccessToken.objects.update(scopes=["stock:view"])
    assert run(asked_later).error_code == "FORBIDDEN"


@pytest.mark.safety(soak=True)
def test_memory_does_not_grow_with_the_list(inside, count, settings):
    rows = count("rows", 12_000, 1_000_000)
    settings.TESSERA_STORAGE_BYTES = 1 << 40

    def peak(operation: BulkOperation) -> tuple[int, int]:
        """Return how many bytes were used at most by Python, and by how many the process grew meanwhile."""
        tracemalloc.start()
        grown = growth(operation)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, grown

    authors(1_000)
    peak(start_export())
    few, _grown = peak(start_export())
    for _ in range((rows - 1_000) // 1_000):
        with unit_of_work():
            Author.objects.bulk_create(Author(name=str(new_id())) for _ in range(1_000))
    operation = start_export()
    many, grown = peak(operation)
    count.note(peak_rss_growth_kib=grown // 1024)
    assert operation.rows_done == rows
    assert many < few + 4 * 1024 * 1024, (few, many)
    assert grown < 64 * 1024 * 1024
