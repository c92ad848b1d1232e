"""Rows are read as asked, in a number of statements that does not grow with them."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tessera.graph.ids import decode, encode
from tessera.unit_of_work import unit_of_work

from tests.graph.executors import by_plan
from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book, Subject

SHELF = """{ books(first: 50, orderBy: [{field: TITLE}]) {
    nodes { id title price author { id name } editor { name } lastLoan { reader }
            subjects(first: 3) { nodes { word } } loans(first: 2) { edges { node { reader due } } } }
} }"""


def test_a_list_with_relations_nested_lists_and_counts(library, ask):
    asked = ask("""{ books(orderBy: [{field: TITLE}]) {
        totalCount
        nodes { title price state pages author { name kind born } editor { name }
                subjects(first: 1) { totalCount nodes { word } } }
    } }""")
    ann = {"name": "Ann", "kind": "PERSON", "born": "1950-01-02"}
    cid = {"name": "Cid", "kind": "PEN_NAME", "born": None}
    alpha = {"title": "Alpha", "price": "10.5", "state": "DRAFT", "pages": 100, "author": ann, "editor": {"name": "Cid"}}
    beta = {"title": "Beta", "price": "20", "state": "DRAFT", "pages": None, "author": ann, "editor": None}
    gamma = {"title": "Gamma", "price": "0", "state": "PRINTED", "pages": 300, "author": cid, "editor": {"name": "Ann"}}
    assert asked.data["books"] == {
        "totalCount": 3,
        "nodes": [
            alpha | {"subjects": {"totalCount": 2, "nodes": [{"word": "art"}]}},
            beta | {"subjects": {"totalCount": 0, "nodes": []}},
            gamma | {"subjects": {"totalCount": 1, "nodes": [{"word": "war"}]}},
        ],
    }


def test_every_form_of_a_row_by_its_id(library, ask):
    id = encode("Book", library.alpha.pk)
    asked = ask(
        """query($id: ID!) { node(id: $id) { __typename id ... on Book { title } ... on Author { name } }
           book(id: $id) { a: title b: title version author { __typename } notes } }""",
        id=id,
    )
    assert asked.data == {
        "node": {"__typename": "Book", "id": id, "title": "Alpha"},
        "book": {"a": "Alpha", "b": "Alpha", "version": 1, "author": {"__typename": "Author"}, "notes": {}},
    }


NOBODY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.mark.parametrize(
    "id", ["", "garbage", "é", encode("Author", NOBODY), encode("Book", NOBODY), encode("Nothing", NOBODY), "Qm9vazp4"]
)
def test_what_is_no_id_of_a_visible_row_is_not_found(library, ask, id):
    asked = ask("query($id: ID!) { node(id: $id) { id } book(id: $id) { id } }", id=id)
    assert asked.body["data"] == {"node": None, "book": None}
    assert asked.codes == ["NOT_FOUND", "NOT_FOUND"]
    assert asked.fields == [["id"], ["id"]]


def test_an_id_of_another_type_is_not_found(library, ask):
    asked = ask("query($id: ID!) { author(id: $id) { id } }", id=encode("Book", library.alpha.pk))
    assert asked.codes == ["NOT_FOUND"]


def test_computed_fields_are_loaded_for_the_whole_page(library, ask):
    asked = ask("{ authors(orderBy: [{field: NAME}]) { nodes { name priceOfBooks longestBook { title author { name } } } } }")
    assert asked.data["authors"]["nodes"] == [
        {"name": "Ann", "priceOfBooks": "30.5", "longestBook": {"title": "Alpha", "author": {"name": "Ann"}}},
        {"name": "Cid", "priceOfBooks": "0", "longestBook": {"title": "Gamma", "author": {"name": "Cid"}}},
    ]


def test_a_relation_to_another_module_is_followed_without_a_constraint(library, ask):
    with unit_of_work():
        loan = Loan(book=library.alpha, reader="Dan", due="2026-03-31")
        loan.save()
        library.alpha.last_loan = loan.pk
        library.beta.last_loan = uuid4()
        library.alpha.save()
        library.beta.save()
    asked = ask("{ books(orderBy: [{field: TITLE}]) { nodes { lastLoan { reader due } loans { totalCount } } } }")
    assert asked.data["books"]["nodes"] == [
        {"lastLoan": {"reader": "Dan", "due": "2026-03-31"}, "loans": {"totalCount": 1}},
        {"lastLoan": None, "loans": {"totalCount": 0}},
        {"lastLoan": None, "loans": {"totalCount": 0}},
    ]


def statements(ask, text):
    """Return the statements that the plan runs; what PostgreSQL answers by itself is one, in `test_statements`."""
    with by_plan(), CaptureQueriesContext(connection) as captured:
        ask(text).data  # noqa: B018
    return [each["sql"] for each in captured.captured_queries]


def fill(authors, books):
    with unit_of_work():
        for number in range(authors):
            author = Author(name=f"Author {number}", advance=Decimal(number))
            author.save()
            for each in range(books):
                book = Book(author=author, title=f"Book {number}-{each}", pages=each + 1)
                book.save()
                for word in ("a", "b", "c", "d"):
                    Subject(book=book, word=word).save()


def test_the_number_of_statements_does_not_depend_on_the_rows(library, ask):
    with unit_of_work():
        loan = Loan(book=library.alpha, reader="Dan", due="2026-03-31")
        loan.save()
        library.alpha.last_loan = loan.pk
        library.alpha.save()
    few = len(statements(ask, SHELF))
    fill(8, 5)
    assert (few, len(statements(ask, SHELF))) == (4, 4)


def test_a_list_with_a_relation_and_a_nested_list_is_two_statements(library, ask):
    text = "{ books(first: 50) { nodes { title author { name } subjects(first: 3) { nodes { word } } } } }"
    fill(4, 5)
    assert len(statements(ask, text)) == 2


def test_four_levels_of_lists_are_four_statements(library, ask):
    fill(3, 3)
    text = """{ authors { nodes { books(first: 2) { nodes { subjects(first: 1) { nodes { book { author { books(first: 1) {
        nodes { title } } } } } } } } } } }"""
    assert len(statements(ask, text)) == 4


def test_what_is_not_selected_is_not_read(library, ask):
    (count,) = statements(ask, "{ books { totalCount } }")
    assert count.startswith("SELECT COUNT(*)")
    (rows,) = statements(ask, "{ books { nodes { id } } }")
    assert "title" not in rows
    assert statements(ask, "{ books { __typename } }") == []


def test_a_nested_page_is_cut_per_parent(library, ask):
    fill(2, 4)
    asked = ask("""{ authors(filter: {name: {startsWith: "Author"}}, orderBy: [{field: NAME}]) { nodes {
        books(first: 2, orderBy: [{field: PAGES, direction: DESC}]) {
            totalCount nodes { title } pageInfo { hasNextPage hasPreviousPage } } } } }""")
    assert [each["books"] for each in asked.data["authors"]["nodes"]] == [
        {
            "totalCount": 4,
            "nodes": [{"title": f"Book {number}-3"}, {"title": f"Book {number}-2"}],
            "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
        }
        for number in range(2)
    ]


def test_a_report_shows_dataclasses_and_rows(library, ask):
    asked = ask("{ authorTotals(least: 1) { author { name books { totalCount } } books price __typename } }")
    assert asked.data["authorTotals"] == [
        {"author": {"name": "Ann", "books": {"totalCount": 2}}, "books": 2, "price": "30.5", "__typename": "AuthorTotal"}
    ]
    asked = ask("query($id: ID) { authorTotals(author: $id) { books } }", id=encode("Author", library.cid.pk))
    assert asked.data["authorTotals"] == [{"books": 1}]
    asked = ask("query($id: ID) { authorTotals(author: $id) { books } }", id=encode("Author", uuid4()))
    assert (asked.codes, asked.fields) == (["NOT_FOUND"], [["author"]])


def test_ids_are_opaque_and_whole():
    key = uuid4()
    assert decode(encode("Book", key)) == ("Book", key)
    for text in ("", "Qm9vaw==", "%%%", "Qm9vazox"):
        with pytest.raises(ValueError):
            decode(text)
