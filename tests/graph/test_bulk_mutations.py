"""Several rows in one mutation: in order, all or the good ones, under the rules of the single mutation."""

import orjson
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.audit.models import AuditEntry
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.gates import GATES, Answer, gate
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.idempotency.models import IdempotencyKey
from tessera.lineage.models import TransitionHold
from tessera.notes.models import Comment
from tessera.unit_of_work import attempt

from modules.base.models import Party
from tests.samples.library.models import Author, Book

ERRORS = "userErrors { field code }"
CREATE = f"""mutation($items: [AuthorCreateInput!]!, $atomic: Boolean! = true, $key: String) {{
    authorBulkCreate(items: $items, atomic: $atomic, idempotencyKey: $key) {{
        results {{ index node {{ name version }} {ERRORS} }} {ERRORS} }} }}"""
UPDATE = f"""mutation($items: [AuthorBulkUpdateInput!]!, $atomic: Boolean! = true) {{ authorBulkUpdate(items: $items, atomic: $atomic) {{
    results {{ index node {{ name version }} {ERRORS} }} {ERRORS} }} }}"""
DELETE = f"""mutation($items: [AuthorBulkDeleteInput!]!, $atomic: Boolean! = true) {{ authorBulkDelete(items: $items, atomic: $atomic) {{
    results {{ index id {ERRORS} }} {ERRORS} }} }}"""
COMMENT = f"""mutation($items: [CommentCreateInput!]!, $atomic: Boolean!) {{ commentBulkCreate(items: $items, atomic: $atomic) {{
    results {{ index node {{ body }} {ERRORS} }} {ERRORS} }} }}"""


def made(name, index, version=1):
    return {"index": index, "node": {"name": name, "version": version}, "userErrors": []}


def bad(index, code, *path):
    return {"field": ["items", str(index), *path], "code": code}


def none(index, *errors):
    return {"index": index, "node": None, "userErrors": list(errors)}


def savepoints(captured):
    return sum(each["sql"].startswith("SAVEPOINT") for each in captured.captured_queries)


def test_rows_are_created_in_the_order_of_the_input(library, ask):
    names = [f"Author {9 - number}" for number in range(5)]
    found = ask(CREATE, items=[{"name": name} for name in names]).data["authorBulkCreate"]
    assert found == {"results": [made(name, index) for index, name in enumerate(names)], "userErrors": []}
    keys = Author.objects.filter(name__startswith="Author").values_list("pk", flat=True)
    assert AuditEntry.objects.filter(record__in=keys, verb="create").count() == 5
    assert ask(CREATE, items=[]).data["authorBulkCreate"] == {"results": [], "userErrors": []}


def test_one_bad_item_leaves_nothing_written_and_each_is_told_by_its_index(library, ask):
    items = [{"name": "Eve"}, {"name": "", "advance": "1.00001"}, {"name": "Fay"}, {"name": "Eve"}]
    found = ask(CREATE, items=items, key="k").data["authorBulkCreate"]
    second = [bad(1, "REQUIRED", "name"), bad(1, "INVALID", "advance")]
    fourth = [bad(3, "UNIQUE", "name")]
    assert found["userErrors"] == second + fourth
    assert found["results"] == [none(0), none(1, *second), none(2), none(3, *fourth)]
    assert Author.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


def test_the_good_items_stay_when_that_is_asked_for(library, ask):
    items = [{"name": "Eve"}, {"name": "Ann"}, {"name": "Fay"}]
    found = ask(CREATE, items=items, atomic=False).data["authorBulkCreate"]
    assert found["results"] == [made("Eve", 0), none(1, bad(1, "UNIQUE", "name")), made("Fay", 2)]
    assert found["userErrors"] == [bad(1, "UNIQUE", "name")]
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Ann", "Cid", "Eve", "Fay"]
    assert AuditEntry.objects.filter(label="library.Author", verb="create").count() == 4  # the library's two as well


def test_an_update_is_checked_against_the_version_of_each_row(library, ask):
    ann, cid = encode("Author", library.ann.pk), encode("Author", library.cid.pk)
    items = [
        {"id": ann, "version": 1, "input": {"name": "Anna"}},
        {"id": cid, "version": 7, "input": {"name": "Cyd"}},
        {"id": ann, "version": 2, "input": {"name": "Anne"}},
        {"id": encode("Author", new_id()), "input": {}},
        {"id": "x", "input": {}},
    ]
    wrong = [bad(1, "CONFLICT", "version"), bad(3, "NOT_FOUND", "id"), bad(4, "NOT_FOUND", "id")]
    refused = ask(UPDATE, items=items).data["authorBulkUpdate"]
    assert (refused["userErrors"], [each["node"] for each in refused["results"]]) == (wrong, [None] * 5)
    assert Author.objects.get(pk=library.ann.pk).name == "Ann"
    found = ask(UPDATE, items=items, atomic=False).data["authorBulkUpdate"]
    assert (found["results"][0]["node"], found["results"][2]["node"]) == ({"name": "Anne", "version": 3},) * 2
    assert found["userErrors"] == wrong
    null = ask(UPDATE, items=[{"id": ann, "input": {"name": None}}]).data["authorBulkUpdate"]
    assert null["userErrors"] == [bad(0, "REQUIRED", "input", "name")]


def test_what_is_in_use_is_not_deleted_and_the_rest_is(library, ask):
    lone = encode(
        "Author",
        Author.objects.get(name=ask(CREATE, items=[{"name": "Eve"}]).data["authorBulkCreate"]["results"][0]["node"]["name"]).pk,
    )
    items = [{"id": encode("Author", library.ann.pk)}, {"id": lone, "version": 1}]
    refused = ask(DELETE, items=items).data["authorBulkDelete"]
    assert [each["code"] for each in refused["userErrors"]] == ["IN_USE"]
    assert [each["id"] for each in refused["results"]] == [None, None]
    found = ask(DELETE, items=items, atomic=False).data["authorBulkDelete"]
    assert [each["id"] for each in found["results"]] == [None, lone]
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Ann", "Cid"]


def test_a_service_of_ones_own_is_asked_for_each_item(library, ask):
    party = Party(kind=Party.Kind.ORGANISATION, name="Acme", code="acme")
    attempt(party.save)
    hang = {"label": "base.Party", "record": encode("Party", party.pk)}
    items = [
        hang | {"body": "one"},
        hang | {"body": " "},
        hang | {"record": encode("Party", new_id()), "body": "x"},
        hang | {"body": "two"},
    ]
    wrong = [bad(1, "REQUIRED", "body"), bad(2, "NOT_FOUND")]
    assert ask(COMMENT, items=items, atomic=True).data["commentBulkCreate"]["userErrors"] == wrong
    assert not Comment.objects.exists()
    found = ask(COMMENT, items=items, atomic=False).data["commentBulkCreate"]
    assert [each["node"] for each in found["results"]] == [{"body": "one"}, None, None, {"body": "two"}]
    assert found["userErrors"] == wrong
    assert list(Comment.objects.order_by("id").values_list("body", flat=True)) == ["one", "two"]


def test_who_lacks_the_right_writes_nothing(library, ask):
    with acting(Actor(kind="member", member_id=new_id(), grants={"library.author_view": EVERYTHING})):
        for text, items in ((CREATE, [{"name": "Eve"}]), (DELETE, [{"id": encode("Author", library.ann.pk)}])):
            assert ask(text, items=items, atomic=False).codes == ["FORBIDDEN"]
    assert Author.objects.count() == 2


def test_rows_out_of_reach_are_told_item_by_item(library, ask):
    grants = {"library.author_view": EVERYTHING, "library.author_update": Reach(own=True)}
    ann, cid = (
        {"id": encode("Author", row.pk), "input": {"name": name}} for row, name in ((library.ann, "Anna"), (library.cid, "Cyd"))
    )
    with acting(Actor(kind="member", member_id=library.bob, grants=grants)):
        found = ask(UPDATE, items=[cid, ann], atomic=False).data["authorBulkUpdate"]
    assert found["results"] == [none(0, bad(0, "FORBIDDEN", "id")), made("Anna", 1, 2)]
    with acting(Actor(kind="member", member_id=library.bob, grants=dict.fromkeys(grants, Reach(own=True)))):
        found = ask(UPDATE, items=[ann, cid]).data["authorBulkUpdate"]
    assert found["userErrors"] == [bad(1, "NOT_FOUND", "id")]
    assert Author.objects.get(pk=library.ann.pk).version == 2


def test_more_than_a_hundred_are_refused(library, ask):
    found = ask(CREATE, items=[{"name": f"A{number}"} for number in range(101)]).data["authorBulkCreate"]
    assert found == {"results": [], "userErrors": [{"field": ["items"], "code": "LIMIT"}]}
    assert ask(CREATE, items=[{"name": f"A{number}"} for number in range(100)]).data["authorBulkCreate"]["userErrors"] == []
    assert Author.objects.count() == 102


def test_nothing_takes_a_savepoint_while_nothing_fails(library, ask):
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(CREATE, items=[{"name": f"A{number}"} for number in range(20)]).data  # noqa: B018
    # In a test the unit itself is a savepoint of the test's transaction.
    assert savepoints(captured) == 1
    # The unit, the custom fields of their kind, each row, the audit, and the answer: what PostgreSQL refuses is not asked before.
    assert len(captured) == 2 + 1 + 20 + 2


def test_a_service_of_a_mutation_takes_no_savepoint_and_a_gate_holds_it_as_before(library, ask):
    text = """mutation($id: ID!, $key: String) { bookPrint(id: $id, idempotencyKey: $key, input: {pages: 5}) {
        node { state pages } hold { state } userErrors { code } } }"""
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(text, id=encode("Book", library.alpha.pk)).data  # noqa: B018
    assert savepoints(captured) == 1
    registered = gate(ask=lambda transition: Answer.HELD, hold=lambda hold, transition: None)
    try:
        held = [ask(text, id=encode("Book", library.beta.pk), key="k").data["bookPrint"] for _ in range(2)]
    finally:
        GATES.remove(registered)
    assert held == [{"node": {"state": "DRAFT", "pages": None}, "hold": {"state": "WAITING"}, "userErrors": []}] * 2
    assert TransitionHold.objects.count() == 1
    assert Book.objects.get(pk=library.beta.pk).version == 1


def test_a_copy_gets_the_same_answer_and_another_body_a_conflict(library, ask):
    items = [{"name": "Eve"}, {"name": "Ann"}]
    first, copy = (ask(CREATE, items=items, atomic=False, key="k").body for _ in range(2))
    assert orjson.dumps(first) == orjson.dumps(copy)
    assert first["data"]["authorBulkCreate"]["results"][0] == made("Eve", 0)
    conflict = {"results": [], "userErrors": [{"field": ["idempotencyKey"], "code": "CONFLICT"}]}
    assert ask(CREATE, items=[*items, {"name": "Fay"}], atomic=False, key="k").data["authorBulkCreate"] == conflict
    assert ask(CREATE, items=items, atomic=True, key="k").data["authorBulkCreate"] == conflict
    assert sorted(Author.objects.values_list("name", flat=True)) == ["Ann", "Cid", "Eve"]


def test_the_cost_counts_every_item(library, ask):
    from tessera.graph.cost import MUTATION

    class Free:
        most = 100_000

        def __init__(self):
            self.asked = self.used = 0

        def take(self, points):
            self.asked = points

        def settle(self, asked, used):
            self.used = used
            from tessera.budget import Status

            return Status(1, 1, 1)

    def cost(text, **variables):
        free, modules = Free(), frozenset({"base", "library", "lending"})
        answer(schema_for(modules), modules, Request(text, variables), free)
        return free.asked, free.used

    asked, used = cost(CREATE, items=[{"name": f"A{number}"} for number in range(30)], atomic=True)
    assert asked >= used >= 30 * MUTATION + 30
    failed = cost(CREATE, items=[{"name": f"A{number}"} for number in range(30)], atomic=True)
    assert failed[1] >= 30 * MUTATION
    single = cost('mutation { authorCreate(input: {name: "Zoe"}) { node { name } userErrors { code } } }')
    assert single[1] <= MUTATION + 2


def test_verbs_without_a_right_or_with_a_secret_have_no_bulk_form(inside):
    fields = schema_for(inside.modules).mutation_type.fields
    for name, field in fields.items():
        service = field.extensions.get("service")
        if "items" in field.extensions:
            assert not getattr(service, "public", False) and "idempotencyKey" in field.args, name
    assert "partyBulkCreate" in fields and "bookPrint" in fields and "bookBulkPrint" not in fields
