"""Pages are complete: every row once, whatever the ordering, the direction, NULLs and writers."""

import base64
import json
from decimal import Decimal

import pytest
from tessera.context import enter
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author, Book

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $order: [BookOrderBy!], $filter: BookFilter) {
    books(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
        nodes { title } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
ORDERS = [
    [],
    [("TITLE", "ASC")],
    [("PAGES", "ASC")],
    [("PAGES", "DESC")],
    [("PAGES", "ASC"), ("PRICE", "DESC")],
    [("PRICE", "DESC"), ("PAGES", "DESC"), ("TITLE", "ASC")],
    [("ID", "ASC")],
    [("PRINTED_AT", "DESC")],
]


@pytest.fixture
def shelf(inside):
    """Twelve books with repeated prices and pages, some of them without."""
    with unit_of_work():
        author = Author(name="Ann")
        author.save()
        for number in range(12):
            pages, price = [None, 100, 200, None][number % 4], Decimal(number % 3)
            Book(author=author, title=f"{number:02}", pages=pages, price=price).save()
    return author


def order_by(order):
    return [{"field": field, "direction": direction} for field, direction in order]


def walk(ask, size, order, backwards=False, **more):
    titles, cursor = [], None
    while True:
        page = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
        found = ask(PAGE, **page, order=order_by(order), **more).data["books"]
        here = [node["title"] for node in found["nodes"]]
        titles = here + titles if backwards else titles + here
        info = found["pageInfo"]
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            return titles
        cursor = info["startCursor" if backwards else "endCursor"]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("size", [1, 5, 12])
def test_pages_give_every_row_once_in_both_directions(shelf, ask, order, size):
    whole = walk(ask, 250, order)
    assert sorted(whole) == [f"{number:02}" for number in range(12)]
    assert walk(ask, size, order) == whole
    assert walk(ask, size, order, backwards=True) == whole


def test_null_is_the_greatest_value(shelf, ask):
    pages = """{ books(orderBy: [{field: PAGES, direction: %s}]) { nodes { pages } } }"""
    up, down = ([n["pages"] for n in ask(pages % way).data["books"]["nodes"]] for way in ("ASC", "DESC"))
    assert up == [100] * 3 + [200] * 3 + [None] * 6
    assert down == up[::-1]


def test_pages_are_complete_while_rows_are_added(shelf, ask):
    order = [("TITLE", "ASC")]
    first = ask(PAGE, first=5, order=order_by(order)).data["books"]
    with unit_of_work():
        for title in ("00a", "03a", "99"):
            Book(author=shelf, title=title).save()
    rest = ask(PAGE, first=50, after=first["pageInfo"]["endCursor"], order=order_by(order)).data["books"]
    titles = [node["title"] for node in first["nodes"] + rest["nodes"]]
    assert titles == [f"{number:02}" for number in range(12)] + ["99"]


def test_page_info_tells_where_the_page_lies(shelf, ask):
    first = ask(PAGE, first=5).data["books"]["pageInfo"]
    assert (first["hasNextPage"], first["hasPreviousPage"]) == (True, False)
    second = ask(PAGE, first=5, after=first["endCursor"]).data["books"]["pageInfo"]
    assert (second["hasNextPage"], second["hasPreviousPage"]) == (True, True)
    third = ask(PAGE, first=5, after=second["endCursor"]).data["books"]["pageInfo"]
    assert (third["hasNextPage"], third["hasPreviousPage"]) == (False, True)
    empty = ask(PAGE, first=5, after=third["endCursor"]).data["books"]
    assert empty == {
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


def test_each_edge_has_the_cursor_of_its_row(shelf, ask):
    whole = ask(PAGE, order=order_by([("PAGES", "DESC")])).data["books"]
    for place, edge in enumerate(whole["edges"]):
        after = ask(PAGE, after=edge["cursor"], order=order_by([("PAGES", "DESC")])).data["books"]
        assert after["nodes"] == whole["nodes"][place + 1 :]


def test_a_page_between_two_cursors(shelf, ask):
    order = order_by([("TITLE", "ASC")])
    edges = ask(PAGE, order=order).data["books"]["edges"]
    between = ask(PAGE, after=edges[2]["cursor"], before=edges[6]["cursor"], order=order).data["books"]
    assert [node["title"] for node in between["nodes"]] == ["03", "04", "05"]


def test_a_nested_list_goes_on_after_its_cursor(shelf, ask):
    text = """query($after: String) { authors { nodes { books(first: 5, after: $after, orderBy: [{field: PAGES}]) {
        nodes { title } pageInfo { endCursor hasNextPage } } } } }"""
    titles, cursor, more = [], None, True
    while more:
        (author,) = ask(text, after=cursor).data["authors"]["nodes"]
        titles += [node["title"] for node in author["books"]["nodes"]]
        cursor, more = author["books"]["pageInfo"]["endCursor"], author["books"]["pageInfo"]["hasNextPage"]
    assert titles == walk(ask, 250, [("PAGES", "ASC")])


def test_a_cursor_of_another_ordering_tenant_or_hand_is_refused(shelf, ask, other_tenant, inside):
    cursor = ask(PAGE, first=1, order=order_by([("TITLE", "ASC")])).data["books"]["pageInfo"]["endCursor"]
    raw = base64.urlsafe_b64decode(cursor)
    values = json.loads(raw[12:])
    forged = base64.urlsafe_b64encode(raw[:12] + json.dumps(["99", values[1]]).encode()).decode()
    for text in (forged, cursor[:-4], "", "é", "AAAA", base64.urlsafe_b64encode(b"[]").decode()):
        asked = ask(PAGE, after=text, order=order_by([("TITLE", "ASC")]))
        assert (asked.codes, asked.fields) == (["BAD_CURSOR"], [["after"]])
    for order in ([], [("TITLE", "DESC")], [("PRICE", "ASC")], [("TITLE", "ASC"), ("PRICE", "ASC")]):
        assert ask(PAGE, before=cursor, order=order_by(order)).codes == ["BAD_CURSOR"]
    assert ask("query($c: String) { authors(after: $c, orderBy: [{field: NAME}]) { nodes { id } } }", c=cursor).codes == [
        "BAD_CURSOR"
    ]
    with enter(other_tenant.ref(), actor=inside.actor, modules=inside.modules):
        assert ask(PAGE, after=cursor, order=order_by([("TITLE", "ASC")])).codes == ["BAD_CURSOR"]


@pytest.mark.parametrize(
    "arguments, field",
    [
        ("first: 0", "first"),
        ("first: 251", "first"),
        ("first: -1", "first"),
        ("last: 251", "last"),
        ("first: 1, last: 1", "last"),
    ],
)
def test_a_page_has_one_to_250_rows(shelf, ask, arguments, field):
    asked = ask(f"{{ books({arguments}) {{ nodes {{ id }} }} }}")
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [[field]])
    nested = ask(f"{{ authors {{ nodes {{ books({arguments}) {{ nodes {{ id }} }} }} }} }}")
    assert (nested.codes, nested.fields) == (["BAD_INPUT"], [[field]])


def test_nothing_said_means_fifty_rows_newest_first(shelf, ask):
    with unit_of_work():
        for number in range(60):
            Book(author=shelf, title=f"late {number:02}").save()
    found = ask("{ books(first: null, orderBy: null) { nodes { title } } }").data["books"]["nodes"]
    assert [node["title"] for node in found] == [f"late {number:02}" for number in range(59, 9, -1)]


def test_the_models_own_ordering_is_used_where_none_is_asked(library, ask):
    found = ask('{ books(filter: {title: {eq: "Alpha"}}) { nodes { subjects { nodes { word } } } } }').data["books"]["nodes"]
    assert found == [{"subjects": {"nodes": [{"word": "art"}, {"word": "sea"}]}}]
