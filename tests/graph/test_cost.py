"""A request costs what it may return; what it asked for is charged before it runs, and the rest given back."""

import pytest
from tessera.budget import Bucket, Budget
from tessera.context import current
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request

ROWS = "{ authors(first: 10) { nodes { id name } } }"


def budget(capacity=10_000, rate=1):
    return Budget([Bucket(f"t_{current().tenant.id.hex}:budget:{capacity}", capacity, rate)])


def cost(text, given=None, **variables):
    response = answer_here(Request(text, variables), given or budget())
    return response.body["extensions"]["cost"]


@pytest.mark.parametrize(
    "text, requested, actual",
    [
        ("{ authors(first: 10) { totalCount } }", 2, 2),
        (ROWS, 12, 4),
        ("{ authors(first: 10) { edges { cursor node { name } } pageInfo { hasNextPage } } }", 12, 4),
        ("query($n: Int = 20) { authors(first: $n) { nodes { id } } }", 22, 4),
        ("{ authors(first: 10) { nodes { books(first: 5) { nodes { title } } } } }", 2 + 10 * (1 + 2 + 5), 2 + 2 + 2 * 2 + 3),
        ("{ books(first: 3) { nodes { author { name } editor { name } } } }", 2 + 3 * 3, 2 + 3 + 3 + 2),
        ("{ authors(first: 10) { ...rows } } fragment rows on AuthorConnection { nodes { id } }", 12, 4),
        ("{ authors { nodes { id } } }", 52, 4),
        ("{ booksAggregate(first: 7) { count } }", 2 + 20 + 7, 2 + 20 + 1),
        ("{ booksAggregate(groupBy: [STATE]) { count key { state } } }", 2 + 20 + 100, 2 + 20 + 2),
        ('{ search(text: "alpha", types: [BOOK], first: 5) { nodes { id } } }', 2 + 20 + 5, 2 + 20 + 1),
        ('{ search(text: "alpha") { nodes { ... on Book { author { name } } } } }', 2 + 20 + 20 * 2, 2 + 20 + 2),
        ("{ authors(first: 10) { nodes @skip(if: true) { id } totalCount } }", 2, 2),
    ],
)
def test_a_list_costs_its_rows(library, text, requested, actual):
    found = cost(text)
    assert (found["requested"], found["actual"]) == (requested, actual)


def test_a_node_costs_the_dearest_of_its_types(library, ask):
    author = ask("{ authors(first: 1) { nodes { id } } }").data["authors"]["nodes"][0]["id"]
    text = "query($id: ID!) { node(id: $id) { id ... on Author { books(first: 2) { nodes { id } } } ... on Book { title } } }"
    assert cost(text, id=author)["requested"] == 1 + 2 + 2


def test_a_mutation_costs_ten_more(library):
    assert cost('mutation { authorCreate(input: {name: "New"}) { node { id } } }')["requested"] == 10 + 1 + 1


def test_what_was_not_used_is_given_back(library):
    mine = budget(1_000)
    first = cost(ROWS, mine)["throttleStatus"]
    assert first == {"currentlyAvailable": 996, "maximumAvailable": 1_000, "restoreRate": 1}


def test_a_request_beyond_the_budget_is_refused_before_any_statement(library, django_assert_num_queries):
    mine = budget(20)
    mine.take(15)
    with django_assert_num_queries(0):
        response = answer_here(Request(ROWS, {}), mine)
    error = response.body["errors"][0]["extensions"]
    assert not response.executed
    assert (error["code"], error["cost"]) == ("RATE_LIMITED", 12)
    assert 6 <= error["retryAfter"] <= 7


def test_what_no_full_bucket_holds_is_too_complex(library):
    response = answer_here(Request(ROWS, {}), budget(11))
    error = response.body["errors"][0]["extensions"]
    assert (error["code"], error["limit"], error["cost"]) == ("TOO_COMPLEX", "cost", 12)


def test_wrong_documents_use_points_up_by_their_length(library):
    wrong, mine = (
        Request("{ authors { nodes { " + " ".join(f"nothing{each:03}" for each in range(60)) + " } } }", {}),
        budget(150, rate=0.001),
    )
    codes = [answer_here(wrong, mine).body["errors"][0]["extensions"]["code"] for _ in range(3)]
    assert codes == ["BAD_INPUT", "BAD_INPUT", "RATE_LIMITED"]


def test_points_for_reading_a_document_are_given_back_where_it_is_valid(library):
    long = ROWS + "#" * 2_000
    assert cost(long, budget(350))["throttleStatus"]["currentlyAvailable"] == 350 - 4


def test_a_document_takes_half_of_the_points_at_most(library):
    mine = budget(190, rate=0.001)
    wrong = "{ nothing } " + "#" * 30_000
    codes = [answer_here(Request(wrong, {}), mine).body["errors"][0]["extensions"]["code"] for _ in range(3)]
    assert codes == ["BAD_INPUT", "BAD_INPUT", "RATE_LIMITED"]
