"""One search over everything finds what each list would, ranked, and nothing that the reader may not see."""

from contextlib import contextmanager

import pytest
from django.db import connections
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author, Book

ASKED = """query($words: String!, $types: [SearchedType!], $first: Int, $after: String) {
    search(text: $words, types: $types, first: $first, after: $after) {
        nodes { id __typename ... on Author { name } ... on Book { title } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
OURS = ["AUTHOR", "BOOK"]
VIEW = {"library.author_view": EVERYTHING, "library.book_view": EVERYTHING}


@pytest.fixture
def titles(library):
    with unit_of_work():
        for title in ("Harbour", "The harbour at night, a long story", "Nothing of the kind"):
            Book(author=library.cid, title=title).save()
        Author(name="Harbour Master", owner=library.bob).save()
        Author(name="Nan Harbour", kind=Author.Kind.PEN_NAME).save()
    return library


def found(asked):
    return [node.get("name") or node.get("title") for node in asked.data["search"]["nodes"]]


def test_the_best_come_first(titles, ask):
    asked = ask(ASKED, words="harb", types=OURS)
    assert found(asked) == ["Harbour", "Nan Harbour", "Harbour Master", "The harbour at night, a long story"]
    assert asked.data["search"]["pageInfo"]["hasNextPage"] is False


def test_pages_give_every_hit_once(titles, ask):
    whole, cursor, pages = found(ask(ASKED, words="harb", types=OURS)), None, []
    while True:
        page = ask(ASKED, words="harb", types=OURS, first=1, after=cursor).data["search"]
        pages.append(page)
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [node.get("name") or node.get("title") for page in pages for node in page["nodes"]] == whole
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, True, True, True]
    for other in ({"words": "nan", "types": OURS}, {"words": "harb", "types": ["BOOK"]}):
        asked = ask(ASKED, **other, after=cursor)
        assert (asked.codes, asked.fields) == (["BAD_CURSOR"], [["after"]])


def test_all_that_one_may_view_is_searched(titles, ask):
    assert set(found(ask(ASKED, words="harb"))) == set(found(ask(ASKED, words="harb", types=OURS)))
    assert found(ask(ASKED, words="harb", types=["BOOK"])) == ["Harbour", "The harbour at night, a long story"]


@contextmanager
def member(grants, **more):
    with acting(Actor(kind="member", name="bob", grants=grants, **more)):
        yield


def test_what_is_out_of_reach_is_not_found(titles, ask):
    with member({"library.author_view": Reach(own=True)}, member_id=titles.bob):
        assert found(ask(ASKED, words="harb")) == ["Harbour Master"]
        asked = ask(ASKED, words="harb", types=["AUTHOR", "BOOK"])
        assert (asked.codes, asked.fields) == (["FORBIDDEN"], [["types", "1"]])
    with member({}):
        assert found(ask(ASKED, words="harb")) == []
    with member({"library.author_view": Reach()}):
        assert found(ask(ASKED, words="harb")) == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"first": 0}, ["first"]),
        ({"first": 51}, ["first"]),
        ({"words": "x" * 201}, ["search"]),
        ({"words": "a " * 11}, ["search"]),
    ],
)
def test_a_search_of_everything_is_bounded(titles, ask, arguments, field):
    asked = ask(ASKED, **{"words": "harb", **arguments})
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [field])


@pytest.mark.parametrize("text", ["", " ", "-", "nobody wrote this"])
def test_nothing_is_found_by_nothing(titles, ask, text):
    assert ask(ASKED, words=text).data["search"] == {
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


def test_hits_are_one_statement_and_the_rows_of_each_type_another(titles, ask):
    sent = []

    def keep(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    with member(VIEW), connections["default"].execute_wrapper(keep):
        assert len(found(ask(ASKED, words="harb"))) == 4
    assert len(sent) == 3
