"""Mutations: what they write, what they refuse and where they say so."""

import pytest
from tessera.audit.models import AuditEntry
from tessera.errors import Code
from tessera.gates import GATES, Answer, gate
from tessera.graph.ids import decode, encode
from tessera.lineage.models import TransitionHold

from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book, Subject

CREATE = """mutation($input: AuthorCreateInput!) { authorCreate(input: $input) {
    node { id name kind born advance version } userErrors { field code } } }"""
UPDATE = """mutation($id: ID!, $version: Int, $input: AuthorUpdateInput!) { authorUpdate(id: $id, version: $version, input: $input) {
    node { name born version } userErrors { field code message } } }"""
DELETE = "mutation($id: ID!, $version: Int) { authorDelete(id: $id, version: $version) { id userErrors { field code } } }"
PRINT = """mutation($id: ID!, $version: Int, $input: BookPrintInput!) { bookPrint(id: $id, version: $version, input: $input) {
    node { state pages number } hold { state target reason } userErrors { field code message } } }"""


def test_a_row_is_created_with_its_defaults_and_its_audit(library, ask):
    made = ask(CREATE, input={"name": "Eve", "advance": "12.50", "born": "2000-02-29"}).data["authorCreate"]
    assert made["userErrors"] == []
    id = made["node"].pop("id")
    assert made["node"] == {"name": "Eve", "kind": "PERSON", "born": "2000-02-29", "advance": "12.5", "version": 1}
    entry = AuditEntry.objects.get(record=decode(id)[1])
    assert (entry.label, entry.verb) == ("library.Author", "create")


def test_every_problem_is_reported_at_its_field(library, ask):
    made = ask(CREATE, input={"name": "", "advance": "1.00001"}).data["authorCreate"]
    assert made == {
        "node": None,
        "userErrors": [{"field": ["input", "name"], "code": "REQUIRED"}, {"field": ["input", "advance"], "code": "INVALID"}],
    }
    assert ask(CREATE, input={"name": "Ann"}).data["authorCreate"]["userErrors"] == [
        {"field": ["input", "name"], "code": "UNIQUE"}
    ]
    long = ask(CREATE, input={"name": "x" * 101}).data["authorCreate"]
    assert long["userErrors"] == [{"field": ["input", "name"], "code": "INVALID"}]
    assert Author.objects.count() == 2


def test_an_update_changes_what_is_given_and_counts_the_version(library, ask):
    id = encode("Author", library.ann.pk)
    assert ask(UPDATE, id=id, version=1, input={"born": None}).data["authorUpdate"]["node"] == {
        "name": "Ann",
        "born": None,
        "version": 2,
    }
    assert ask(UPDATE, id=id, input={}).data["authorUpdate"]["node"]["version"] == 2
    null = ask(UPDATE, id=id, input={"name": None}).data["authorUpdate"]
    assert [(e["field"], e["code"]) for e in null["userErrors"]] == [(["input", "name"], "REQUIRED")]


def test_a_stale_version_is_a_conflict_and_changes_nothing(library, ask):
    id = encode("Author", library.ann.pk)
    ask(UPDATE, id=id, version=1, input={"name": "Anna"}).data  # noqa: B018
    stale = ask(UPDATE, id=id, version=1, input={"name": "Anne"}).data["authorUpdate"]
    assert [(e["field"], e["code"]) for e in stale["userErrors"]] == [(["version"], "CONFLICT")]
    assert ask(DELETE, id=id, version=1).data["authorDelete"] == {
        "id": None,
        "userErrors": [{"field": ["version"], "code": "CONFLICT"}],
    }
    assert Author.objects.get(pk=library.ann.pk).name == "Anna"


def test_a_row_is_deleted_unless_it_is_in_use(library, ask):
    lone = ask(CREATE, input={"name": "Eve"}).data["authorCreate"]["node"]["id"]
    assert ask(DELETE, id=lone).data["authorDelete"] == {"id": lone, "userErrors": []}
    assert ask(DELETE, id=lone).data["authorDelete"]["userErrors"] == [{"field": ["id"], "code": "NOT_FOUND"}]
    used = ask(DELETE, id=encode("Author", library.ann.pk)).data["authorDelete"]
    assert [error["code"] for error in used["userErrors"]] == ["IN_USE"]
    assert Author.objects.filter(pk=library.ann.pk).exists()


def test_keys_of_rows_are_given_as_ids(library, ask):
    text = """mutation($input: BookCreateInput!) { bookCreate(input: $input) {
        node { title author { name } lastLoan { id } notes } userErrors { field code } } }"""
    input = {"title": "T", "author": encode("Author", library.ann.pk), "notes": {"a": [1, None, {"b": 2.5}]}}
    made = ask(text, input=input).data["bookCreate"]["node"]
    assert made == {"title": "T", "author": {"name": "Ann"}, "lastLoan": None, "notes": input["notes"]}
    wrong = input | {"author": encode("Book", library.alpha.pk), "lastLoan": encode("Loan", library.alpha.pk)}
    assert ask(text, input=wrong).data["bookCreate"]["userErrors"] == [
        {"field": ["input", "author"], "code": "NOT_FOUND"},
        {"field": ["input", "lastLoan"], "code": "NOT_FOUND"},
    ]


def test_a_key_without_constraint_is_written_by_id(library, ask):
    loan = ask(
        """mutation($book: ID!) { loanCreate(input: {book: $book, reader: "Dan", due: "2026-03-31"}) { node { id due } } }""",
        book=encode("Book", library.alpha.pk),
    ).data["loanCreate"]["node"]
    assert Loan.objects.get().reader == "Dan"
    text = (
        "mutation($id: ID!, $loan: ID) { bookUpdate(id: $id, input: {lastLoan: $loan}) { node { lastLoan { reader } version } } }"
    )
    written = ask(text, id=encode("Book", library.alpha.pk), loan=loan["id"]).data["bookUpdate"]["node"]
    assert written == {"lastLoan": {"reader": "Dan"}, "version": 2}
    assert ask(text, id=encode("Book", library.alpha.pk)).data["bookUpdate"]["node"]["lastLoan"] == {"reader": "Dan"}
    assert ask(text, id=encode("Book", library.alpha.pk), loan=None).data["bookUpdate"]["node"]["lastLoan"] is None


def test_an_action_runs_its_service(library, ask):
    made = ask(PRINT, id=encode("Book", library.alpha.pk), version=1, input={"pages": 120, "on": "2026-03-31"}).data["bookPrint"]
    # The number is given at the end of the unit of work, and is there in the answer.
    assert made == {"node": {"state": "PRINTED", "pages": 120, "number": "B0001"}, "hold": None, "userErrors": []}


def test_an_actions_refusal_names_the_input(library, ask):
    id = encode("Book", library.alpha.pk)
    refused = ask(PRINT, id=id, input={"pages": 0}).data["bookPrint"]
    assert refused["userErrors"] == [{"field": ["input", "pages"], "code": "INVALID", "message": "A book has pages."}]
    ask(PRINT, id=id, input={"pages": 1}).data  # noqa: B018
    again = ask(PRINT, id=id, input={"pages": 1}).data["bookPrint"]
    assert [(e["field"], e["code"]) for e in again["userErrors"]] == [(["state"], "STATE")]
    assert [
        (e["field"], e["code"]) for e in ask(PRINT, id=id, version=9, input={"pages": 1}).data["bookPrint"]["userErrors"]
    ] == [(["version"], "CONFLICT")]


def test_an_action_takes_lists_of_dataclasses_with_rows_and_enums(library, ask):
    text = """mutation($id: ID!, $input: AuthorCommissionInput!) { authorCommission(id: $id, input: $input) {
        nodes { title price editor { name } subjects { nodes { word } } author { kind } } userErrors { field code } } }"""
    input = {
        "kind": "PEN_NAME",
        "titles": [
            {"title": "One", "price": "9.90", "subjects": ["x", "y"]},
            {"title": "Two", "editor": encode("Author", library.cid.pk)},
        ],
    }
    made = ask(text, id=encode("Author", library.ann.pk), input=input).data["authorCommission"]
    one = {"title": "One", "price": "9.9", "editor": None, "subjects": {"nodes": [{"word": "x"}, {"word": "y"}]}}
    two = {"title": "Two", "price": "0", "editor": {"name": "Cid"}, "subjects": {"nodes": []}}
    assert made == {"nodes": [one | {"author": {"kind": "PEN_NAME"}}, two | {"author": {"kind": "PEN_NAME"}}], "userErrors": []}


def test_a_refused_service_keeps_nothing(library, ask):
    text = """mutation($id: ID!) { authorCommission(id: $id, input: {kind: PEN_NAME, titles: [{title: "One", subjects: ["x"]}, {title: ""}]}) {
        nodes { id } userErrors { field code } } }"""
    before = Book.objects.count(), Subject.objects.count()
    made = ask(text, id=encode("Author", library.ann.pk)).data["authorCommission"]
    assert made == {"nodes": None, "userErrors": [{"field": ["input", "titles", "1", "title"], "code": "REQUIRED"}]}
    assert (Book.objects.count(), Subject.objects.count()) == before
    assert Author.objects.get(pk=library.ann.pk).kind == "person"


def test_a_held_transition_answers_the_document_with_its_hold(library, ask):
    registered = gate(ask=lambda transition: Answer.HELD, hold=lambda hold, transition: None)
    try:
        held = ask(PRINT, id=encode("Book", library.alpha.pk), input={"pages": 120}).data["bookPrint"]
        assert held == {
            "node": {"state": "DRAFT", "pages": 100, "number": ""},
            "hold": {"state": "WAITING", "target": "printed", "reason": ""},
            "userErrors": [],
        }
        assert TransitionHold.objects.get().service.endswith("print_book")
    finally:
        GATES.remove(registered)
    locked = ask(
        'mutation($id: ID!) { bookUpdate(id: $id, input: {title: "X"}) { node { id } hold { state } userErrors { code } } }',
        id=encode("Book", library.alpha.pk),
    ).data["bookUpdate"]
    assert locked == {"node": None, "hold": None, "userErrors": [{"code": "STATE"}]}


def test_several_mutations_run_in_order_each_by_itself(library, ask):
    asked = ask(
        """mutation { a: authorCreate(input: {name: "Eve"}) { node { name } userErrors { code } }
                      b: authorCreate(input: {name: "Eve"}) { node { name } userErrors { code } }
                      c: authorCreate(input: {name: "Fay"}) { node { name } userErrors { code } } }"""
    )
    assert asked.data == {
        "a": {"node": {"name": "Eve"}, "userErrors": []},
        "b": {"node": None, "userErrors": [{"code": "UNIQUE"}]},
        "c": {"node": {"name": "Fay"}, "userErrors": []},
    }


@pytest.mark.parametrize(
    "field, kind, value",
    [
        ("advance", "Decimal", "NaN"),
        ("advance", "Decimal", "Infinity"),
        ("advance", "Decimal", "1e999999"),
        ("advance", "Decimal", "twelve"),
        ("advance", "Decimal", True),
        ("born", "Date", "0000-01-01"),
        ("born", "Date", "2026-02-30"),
        ("born", "Date", "20260201"),
        ("born", "Date", 5),
        ("company", "UUID", "no"),
        ("name", "String", 5),
        ("name", "String", "a\0b"),
        ("name", "String", None),
        ("kind", "AuthorKind", "person"),
    ],
)
def test_a_wrong_value_gets_its_code_and_field(library, ask, field, kind, value):
    asked = ask(CREATE, input={"name": "Eve", field: value})
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["input", field]])
    as_literal = {True: "true", None: "null", 5: "5", "person": "person", "a\0b": '"a\\u0000b"'}.get(value, f'"{value}"')
    asked = ask(
        f'mutation {{ authorCreate(input: {{name: "Eve" {field}: {as_literal}}}) {{ node {{ id }} }} }}'.replace(
            'name: "Eve" name', "name"
        )
    )
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["input", field]])
    assert Author.objects.count() == 2


@pytest.mark.parametrize(
    "value",
    ["2026-01-01T00:00:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", "2026-01-01"],
)
def test_a_moment_has_an_offset_and_a_year(library, ask, value):
    asked = ask("query($at: DateTime) { books(filter: {printedAt: {gt: $at}}) { totalCount } }", at=value)
    if value == "2026-01-01":
        assert asked.codes == ["BAD_INPUT"]
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["at"]])


def test_an_int_beyond_its_column_gets_its_field(library, ask):
    text = "mutation($id: ID!, $p: Int) { bookUpdate(id: $id, input: {pages: $p}) { userErrors { field code } } }"
    id = encode("Book", library.alpha.pk)
    assert ask(text, id=id, p=2**31).fields == [["p"]]
    assert ask(text, id=id, p=-1).data["bookUpdate"]["userErrors"] == [{"field": ["input", "pages"], "code": "INVALID"}]
    assert ask("{ books(filter: {pages: {gt: -5, lt: 2147483647}}) { totalCount } }").data["books"]["totalCount"] == 2


def test_a_value_too_large_for_a_service_is_refused(library, ask):
    text = """mutation($id: ID!, $p: Decimal) { authorCommission(id: $id, input: {titles: [{title: "One", price: $p}]}) {
        nodes { id } userErrors { field code } } }"""
    made = ask(text, id=encode("Author", library.ann.pk), p="9" * 30).data["authorCommission"]
    assert made == {"nodes": None, "userErrors": [{"field": [], "code": "INVALID"}]}


def test_unknown_and_missing_inputs_are_refused(library, ask):
    assert ask(CREATE, input={"name": "Eve", "owner": "x"}).codes == ["BAD_INPUT"]
    assert ask(CREATE, input={}).codes == ["BAD_INPUT"]
    assert ask(CREATE).codes == ["BAD_INPUT"]
    assert {Code(code) for code in ask("mutation { authorCreate { node { id } } }").codes} == {Code.BAD_INPUT}
