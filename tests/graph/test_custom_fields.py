"""Custom fields are written with their record, read for a page at once, and compared only by who may read them."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.audit.selectors import history_of
from tessera.context import EVERYTHING, Actor, acting
from tessera.custom.services import define_custom_field
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.testing.asking import ask, codes

from tests.samples.library.models import Author

CREATE = "mutation ($input: AuthorCreateInput!) { authorCreate(input: $input) { node { %s } userErrors { code field } } }"
UPDATE = """mutation ($id: ID!, $version: Int, $input: AuthorUpdateInput!) {
    authorUpdate(id: $id, version: $version, input: $input) { node { version } userErrors { code field } } }"""


@pytest.fixture
def rank(inside):
    return define_custom_field(label="library.Author", name="rank", title="Rank", kind="number", required=True)


def made(name="Ann", *values):
    given = [{"name": "rank", "value": value} for value in values]
    body = ask(CREATE % "id version customFields { name value }", input={"name": name, "customFields": given})
    return body["data"]["authorCreate"]


def test_they_are_created_and_changed_with_their_record(rank):
    node = made("Ann", "2.50")["node"]
    assert (node["version"], node["customFields"]) == (1, [{"name": "rank", "value": "2.5"}])
    change = {"id": node["id"], "version": 1, "input": {"customFields": [{"name": "rank", "value": 3}]}}
    assert ask(UPDATE, **change)["data"]["authorUpdate"] == {"node": {"version": 2}, "userErrors": []}
    again = ask(UPDATE, **change)["data"]["authorUpdate"]
    assert (again["node"], again["userErrors"]) == (None, [{"code": "CONFLICT", "field": ["version"]}])
    created, changed = history_of(Author.objects.get())
    assert (created.after["name"], created.after["custom.rank"]) == ("Ann", "2.5")
    assert (changed.before, changed.after) == ({"custom.rank": "2.5"}, {"custom.rank": "3"})


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [(["x"], "INVALID", "rank"), ([1.5], "INVALID", "rank"), ([], "REQUIRED", "rank"), ([1, 2], "INVALID", "rank")],
)
def test_a_wrong_or_missing_one_is_named_and_nothing_is_made(rank, values, code, field):
    assert made("Ann", *values)["userErrors"] == [{"code": code, "field": ["input", "customFields", field]}]
    assert not Author.objects.exists()


def test_a_page_of_them_costs_the_same_for_any_number_of_rows(rank):
    counts = []
    for number in range(6):
        made(f"Author {number}", number)
        if number in (0, 5):
            with CaptureQueriesContext(connections["default"]) as queries:
                body = ask(
                    "{ authors { nodes { customFields { value } comments { totalCount } audit { nodes { verb changes { field } } } } } }"
                )
            assert len(body["data"]["authors"]["nodes"]) == number + 1
            counts.append(len(queries))
    assert counts[0] == counts[1] == 6


def test_without_the_right_they_are_neither_read_compared_nor_written(rank):
    node = made("Ann", 1)["node"]
    grants = dict.fromkeys(("library.author_view", "library.author_update"), EVERYTHING)
    with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants)):
        assert ask("{ authors { nodes { customFields { value } } } }")["data"]["authors"]["nodes"] == [{"customFields": None}]
        compared = ask('{ authors(filter: {customFields: [{name: "rank", op: EQ, value: 1}]}) { totalCount } }')
        assert codes(compared) == ["FORBIDDEN"]
        body = ask(UPDATE, id=node["id"], input={"customFields": [{"name": "rank", "value": 2}]})
    assert body["data"]["authorUpdate"]["userErrors"] == [{"code": "FORBIDDEN", "field": ["input", "customFields"]}]


def test_a_comparison_that_makes_no_sense_names_its_place(rank):
    for condition, place in (('name: "size", op: EQ, value: 1', "name"), ('name: "rank", op: GT, value: "x"', "value")):
        body = ask(f"{{ authors(filter: {{customFields: [{{{condition}}}]}}) {{ totalCount }} }}")
        assert body["errors"][0]["extensions"]["field"] == ["filter", "customFields", "0", place]


def test_the_audit_hides_what_the_reader_may_not_read(rank):
    body = ask(CREATE % "id", input={"name": "Ann", "advance": "10", "customFields": [{"name": "rank", "value": 1}]})
    key = body["data"]["authorCreate"]["node"]["id"]
    shown = '{ author(id: "%s") { audit { nodes { changes { field } } } } }' % key  # noqa: UP031
    grants = dict.fromkeys(("library.author_view", "audit.audit_entry_view"), EVERYTHING)
    seen = []
    for more in ({}, dict.fromkeys(("library.author_advance", "custom.custom_values_read"), EVERYTHING)):
        with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=grants | more)):
            [entry] = ask(shown)["data"]["author"]["audit"]["nodes"]
            seen.append({each["field"] for each in entry["changes"]})
    assert seen[1] - seen[0] == {"advance", "custom.rank"}
    assert encode("Author", Author.objects.get().pk) == key
