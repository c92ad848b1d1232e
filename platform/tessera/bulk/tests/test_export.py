"""A list is read to its end in the background, under the rights of whoever asked, and is theirs to download."""

import json
import tracemalloc
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.bulk.models import BulkOperation
from tessera.bulk.selectors import open_result
from tessera.bulk.services import leases, running
from tessera.bulk.services.leases import send_for
from tessera.bulk.services.running import run_slice
from tessera.context import EVERYTHING, Actor, Reach, acting, system
from tessera.errors import NotFound
from tessera.fields import new_id
from tessera.files.models import StorageUse, StoredFile
from tessera.files.services import discard_expired
from tessera.graph.ids import encode
from tessera.testing.asking import ask, done, refusals
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work
from tests.samples.library.models import Author, Book

EXPORT = """mutation($input: BulkOperationExportInput!) { bulkOperationExport(input: $input) {
    node { id state kind } userErrors { field code } } }"""
CANCEL = "mutation($id: ID!) { bulkOperationCancel(id: $id) { node { state } userErrors { field code } } }"
SHOWN = "{ bulkOperations { nodes { state rowsTotal rowsDone rowsFailed errorCode error url } } }"
AUTHORS = "{ authors { nodes { id name } } }"
RIGHTS = (
    "bulk.bulk_operation_export",
    "bulk.bulk_operation_cancel",
    "bulk.bulk_operation_view",
    "library.author_view",
    "library.book_view",
)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def small(monkeypatch):
    """Let a slice be one page, and a page three rows."""
    monkeypatch.setattr(running, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr("tessera.graph.paged.MOST", 3)


def authors(count: int) -> None:
    with unit_of_work():
        Author.objects.bulk_create(Author(name=f"Author {number:05}") for number in range(count))


def start(**given) -> BulkOperation:
    node = done(EXPORT, input={"query": AUTHORS} | given)
    assert (node["state"], node["kind"]) == ("WAITING", "EXPORT")
    return BulkOperation.objects.latest("id")


def run(operation: BulkOperation, most: int = 100) -> BulkOperation:
    """Run slices until there is nothing to do."""
    for _ in range(most):
        if not run_slice(operation.pk):
            break
    operation.refresh_from_db()
    return operation


def result(operation: BulkOperation) -> list[dict]:
    folder = f"tenants/{operation_tenant()}/files/{operation.result_file}"
    parts = StoredFile.objects.get(pk=operation.result_file).parts
    text = b"".join(default_storage.open(f"{folder}/{part}").read() for part in parts)
    return [json.loads(line) for line in text.splitlines()]


def operation_tenant():
    from tessera.context import current

    return current().tenant.id


def shown() -> dict:
    (node,) = ask(SHOWN)["data"]["bulkOperations"]["nodes"]
    return node


def somebody(*rights: str, reach: Reach = EVERYTHING) -> Actor:
    """Make an active member and its account; return it with some rights, which are those it has from now on."""
    account = Account.objects.create_user("bob@example.com", "correct horse 42")
    with unit_of_work():
        row = Member(name="Bob", email="bob@example.com", account_id=account.pk, state=Member.State.ACTIVE)
        row.save()
    return Actor(kind="member", member_id=row.pk, grants=dict.fromkeys(rights, reach))


@pytest.fixture
def bob(inside, monkeypatch):
    """Bob, whose rights are in `bob.grants`; what runs for him later asks for them again."""
    actor = somebody(*RIGHTS)
    monkeypatch.setattr(
        "tessera.bulk.selectors.actor_of", lambda member: Actor(kind="member", member_id=member.pk, grants=dict(actor.grants))
    )
    with acting(actor):
        yield actor


def test_a_list_is_read_to_its_end_one_row_a_line(inside, small):
    authors(10)
    operation = run(start())
    assert (operation.state, operation.rows_total, operation.rows_done) == ("done", 10, 10)
    body = ask("{ authors(first: 250) { nodes { id name } } }")
    assert result(operation) == body["data"]["authors"]["nodes"]
    assert shown() | {"url": 1} == {
        "state": "DONE", "rowsTotal": 10, "rowsDone": 10, "rowsFailed": 0, "errorCode": "", "error": "", "url": 1,
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
    assert result(run(start(query=query, variables={"word": "Ann", "n": 2}))) == [
        {"name": "Ann", "books": {"totalCount": 4, "nodes": [{"title": "Alpha"}, {"title": "Beta"}]}, "kind": "PERSON"}
    ]
    names = [row["name"] for row in result(run(start(query=query, variables={"word": "A", "n": 2})))]
    assert names == [f"Author {number:05}" for number in (3, 2, 1, 0)] + ["Ann"]


def test_an_empty_list_is_a_result_without_lines(inside):
    operation = run(start())
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
    operation = run(start(query="query($n: String!) { authors(filter: {name: {eq: $n}}) { nodes { id } } }", variables={}))
    assert (operation.state, operation.error_code) == ("failed", "BAD_INPUT")
    assert "$n" in operation.error


def test_rows_and_fields_are_those_that_the_owner_may_see_while_it_runs(bob, small):
    with acting(system("seed")), unit_of_work():
        for number in range(7):
            Author(name=f"A{number}", owner=bob.member_id if number % 2 else None, advance="5").save()
    query = "{ authors(orderBy: [{field: NAME}]) { nodes { name advance } } }"
    bob.grants["library.author_view"] = Reach(own=True)
    assert result(run(start(query=query))) == [{"name": f"A{number}", "advance": None} for number in (1, 3, 5)]
    started = start(query=query)
    bob.grants.update(dict.fromkeys(("library.author_advance", "library.author_view"), EVERYTHING))  # given while it waits
    assert [row["advance"] for row in result(run(started))] == ["5"] * 7


def test_who_lost_the_right_is_stopped_with_what_was_read(bob, small):
    authors(7)
    operation = start()
    assert run_slice(operation.pk)
    del bob.grants["library.author_view"]
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)
    assert "library.author_view" in operation.error
    assert len(result(operation)) == 3


@pytest.mark.parametrize("how", ["deactivated", "account"])
def test_who_was_let_go_is_stopped(bob, small, how):
    authors(7)
    operation = start()
    assert run_slice(operation.pk)
    if how == "account":
        Account.objects.update(is_active=False)
    else:
        with unit_of_work():
            Member.objects.filter(pk=bob.member_id).update(state=Member.State.DEACTIVATED)
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)


def test_a_token_bounds_what_it_asked_for_and_its_end_stops_it(bob, small):
    from tessera.access.models import AccessToken

    authors(7)
    with unit_of_work():
        token = AccessToken(member_id=bob.member_id, kind="personal", name="t", prefix="x", hash="h", epoch=1)
        token.scopes, token.expires_at = ["library.author_view"], timezone.now() + timedelta(days=1)
        token.save()
    with acting(Actor(kind="member", member_id=bob.member_id, grants=bob.grants, token_id=token.pk)):
        operation = start()
        books = start(query="{ books { nodes { title } } }")
    assert run(books).error_code == "FORBIDDEN"
    assert run_slice(operation.pk)
    with unit_of_work():
        AccessToken.objects.update(revoked_at=timezone.now())
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "FORBIDDEN", 3)


def test_it_is_cancelled_before_it_runs_or_after_its_page(inside, small, monkeypatch):
    authors(10)
    operation = start()
    id = encode("BulkOperation", operation.pk)
    assert done(CANCEL, id=id) == {"state": "CANCELLED"}
    assert refusals(CANCEL, id=id) == [("STATE", "state")]
    assert run(operation).rows_done == 0

    monkeypatch.setattr(running, "SLICE_SECONDS", 100.0)
    operation = start()
    id, renewals, renew = encode("BulkOperation", operation.pk), [], leases.Lease.renew

    def renewed(lease):
        renewals.append(1)
        if len(renewals) == 3:
            assert done(CANCEL, id=id) == {"state": "CANCELLING"}
        return renew(lease)

    monkeypatch.setattr(leases.Lease, "renew", renewed)
    run(operation)
    assert (operation.state, operation.rows_done, len(renewals)) == ("cancelled", 6, 3)
    assert len(result(operation)) == 6


class Killed(BaseException):
    """What stands for a kill: nothing in the product catches it, and nothing is let go of."""


SEAMS = {
    "after the lease": "tessera.bulk.services.running.person_of",
    "before the bytes are stored": "tessera.bulk.services.running.save_part",
    "after the bytes are stored": "tessera.bulk.services.running.add_part",
    "before the slice is let go": "tessera.bulk.services.running.let_go",
    "before the end": "tessera.bulk.services.running._end",
}


@pytest.mark.parametrize("seam", SEAMS)
def test_whoever_takes_over_from_a_killed_worker_does_no_row_twice_and_leaves_none_out(inside, small, monkeypatch, seam):
    authors(10)
    operation, kills, spared = start(), 0, False
    for _turn in range(40):
        with monkeypatch.context() as killing:
            if not spared:
                killing.setattr(SEAMS[seam], lambda *_, **__: (_ for _ in ()).throw(Killed))
            try:
                more, spared = run_slice(operation.pk), False
            except Killed:
                kills, more, spared = kills + 1, True, True
                assert run_slice(operation.pk) is False  # it is held until the lease runs out
                with unit_of_work():
                    BulkOperation.objects.filter(pk=operation.pk).update_unaudited(
                        leased_until=timezone.now() - timedelta(seconds=1)
                    )
        operation.refresh_from_db()
        if not more:
            break
    assert kills
    assert (operation.state, operation.rows_done) == ("done", 10)
    assert [row["name"] for row in result(operation)] == [f"Author {number:05}" for number in range(9, -1, -1)]
    assert StorageUse.objects.get().bytes == StoredFile.objects.get().size


def test_a_worker_that_wakes_up_late_changes_nothing(inside, small, monkeypatch):
    authors(10)
    operation, save = start(), running._save

    def overtaken(lease, row, progress, ending):
        monkeypatch.setattr(running, "_save", save)
        with unit_of_work():
            BulkOperation.objects.filter(pk=operation.pk).update_unaudited(leased_until=timezone.now() - timedelta(seconds=1))
        assert run_slice(operation.pk)  # somebody else does this page, and the next worker the rest
        return save(lease, row, progress, ending)

    monkeypatch.setattr(running, "_save", overtaken)
    run(operation)
    assert (operation.state, operation.rows_done, len(result(operation))) == ("done", 10, 10)


def test_only_so_many_run_and_wait_at_once(inside, small, settings):
    settings.TESSERA_BULK = {"at_once": 2, "unfinished": 4}
    authors(4)
    first, second, third, fourth = (start() for _ in range(4))
    assert [each[0] for each in refusals(EXPORT, input={"query": AUTHORS})] == ["LIMIT"]
    with unit_of_work():
        assert send_for() == [first.pk, second.pk]
        assert send_for() == []
    one, two = leases.take_lease(first.pk), leases.take_lease(second.pk)
    assert one and two and leases.take_lease(third.pk) is None and leases.take_lease(first.pk) is None
    leases.let_go(one)
    with unit_of_work():
        assert send_for() == [first.pk]
    assert run(first).state == "done"
    with unit_of_work():
        assert send_for() == [third.pk]
    assert run(third).state == run(fourth).state == "done"


def test_the_task_sends_for_what_is_next(inside, small, monkeypatch):
    from tessera.bulk import tasks

    sent: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, **given: sent.append(given["operation"]))
    authors(4)
    operation = start()
    tasks.start_operations.run()
    while sent:
        tasks.run_operation.run(operation=sent.pop())
    operation.refresh_from_db()
    assert (operation.state, operation.rows_done) == ("done", 4)


def test_a_defect_fails_it_without_telling_why(inside, small, monkeypatch):
    authors(4)
    operation = start()
    monkeypatch.setattr("tessera.bulk.services.exporting.PagedQuery.page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_slice(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.error_code) == ("failed", "INTERNAL")
    assert "division" not in operation.error


def test_a_result_that_the_storage_cannot_take_fails_it(inside, small, settings):
    authors(10)
    operation = start()
    assert run_slice(operation.pk)
    settings.TESSERA_STORAGE_BYTES = StorageUse.objects.get().bytes + 10
    run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "QUOTA", 3)
    assert len(result(operation)) == 3


def test_the_link_is_the_owners_in_their_company_for_an_hour_and_the_result_goes_after_a_week(
    bob, small, other_tenant, monkeypatch
):
    authors(4)
    operation = run(start())
    token = shown()["url"].removeprefix("/bulk/")
    _row, content = open_result(token=token)
    assert [json.loads(line) for line in b"".join(content).splitlines()] == result(operation)
    for stranger in (
        Actor(
            kind="member", member_id=new_id(), grants=dict.fromkeys(RIGHTS, EVERYTHING)
        ),  # sees the operation, and is not its owner
        Actor(kind="member", member_id=bob.member_id, grants={"library.author_view": EVERYTHING}),
    ):
        with acting(stranger), pytest.raises(NotFound):
            open_result(token=token)
    with entered(other_tenant, actor=bob), pytest.raises(NotFound):
        open_result(token=token)
    monkeypatch.setattr("tessera.bulk.selectors.LINK", timedelta(0))
    with pytest.raises(NotFound):
        open_result(token=token)
    monkeypatch.undo()
    with unit_of_work():
        assert discard_expired(before=timezone.now() + timedelta(days=6)) == 0
        assert discard_expired(before=timezone.now() + timedelta(days=8)) == 1
    assert shown()["url"] is None
    with pytest.raises(NotFound):
        open_result(token=token)


def test_the_result_comes_over_http_as_a_download(tenant, small, monkeypatch):
    bob = Actor(kind="member", member_id=new_id(), grants=dict.fromkeys(RIGHTS, EVERYTHING))
    monkeypatch.setattr("tenants.middleware.authenticate", lambda request, tenant: bob)
    monkeypatch.setattr("tessera.bulk.services.running.person_of", lambda operation: bob)
    with entered(tenant, actor=bob):
        authors_of(system("seed"), 7)
        run(start())
        url = shown()["url"]
    response = Client().get(url, headers={"host": "a.localhost"})
    body = b"".join(response.streaming_content)
    assert (response.status_code, len(body.splitlines()), int(response["Content-Length"])) == (200, 7, len(body))
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/x-ndjson", "nosniff")
    assert response["Content-Disposition"].startswith('attachment; filename="export-')
    assert Client().get(url, headers={"host": "b.localhost"}).status_code == 404
    assert Client().post(url, headers={"host": "a.localhost"}).status_code == 405
    monkeypatch.setattr("tenants.middleware.authenticate", lambda request, tenant: Actor(kind="anonymous"))
    assert Client().get(url, headers={"host": "a.localhost"}).status_code == 401


def authors_of(actor: Actor, count: int) -> None:
    with acting(actor):
        authors(count)


@pytest.mark.safety
def test_memory_does_not_grow_with_the_list(inside, count, settings):
    rows = count("rows", 12_000, 1_000_000)
    settings.TESSERA_STORAGE_BYTES = 1 << 40

    def peak(operation: BulkOperation) -> int:
        tracemalloc.start()
        run(operation, most=100_000)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert operation.state == "done"
        return found

    authors(1_000)
    peak(start())
    few = peak(start())
    for _ in range((rows - 1_000) // 1_000):
        with unit_of_work():
            Author.objects.bulk_create(Author(name=str(new_id())) for _ in range(1_000))
    operation = start()
    many = peak(operation)
    assert operation.rows_done == rows
    assert many < few + 4 * 1024 * 1024, (few, many)
