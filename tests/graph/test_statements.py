"""What PostgreSQL writes by itself: the same answers, by one kept statement that only takes values."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import orjson
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from tessera.context import EVERYTHING, Actor, Reach, acting, current, enter, instead, system
from tessera.db.prepared import UNPREPARED, Prepared, run
from tessera.fields import new_id
from tessera.graph import statements
from tessera.graph.answers import answer_here
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.module import modules
from tessera.notes.models import Comment
from tessera.permissions import known_permissions
from tessera.unit_of_work import unit_of_work

from tests.graph.executors import by_plan, by_statement
from tests.samples.library.models import Author, Book, Subject

WHOLE = """query($after: String, $first: Int = 50, $filter: BookFilter) {
    books(first: $first, after: $after, filter: $filter, orderBy: [{field: PAGES}, {field: PRICE, direction: DESC}]) {
        totalCount
        edges { cursor node { id title price state pages printedAt notes number version
            author { id name kind born advance } editor { name } lastLoan { reader }
            subjects(last: 1) { totalCount nodes { word } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
            loans(first: 2) { edges { cursor node { reader due } } } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor __typename }
    } }"""


def asked(text, **variables):
    return orjson.dumps(answer_here(Request(text, variables)).body)


def both(text, **variables):
    """Return what a statement answers; it has to, and a plan has to answer the same."""
    with by_statement() as planned:
        made = orjson.loads(asked(text, **variables))
    assert planned == []
    with by_plan():
        assert orjson.loads(asked(text, **variables)) == made
    return made["data"]


@pytest.fixture
def made(monkeypatch):
    """Count the statements that are made."""
    counted = []
    write = statements.Writer

    def counting():
        counted.append(1)
        return write()

    monkeypatch.setattr(statements, "Writer", counting)
    return counted


@pytest.fixture
def shelf(inside):
    """Books whose columns hold whatever is hard to write in the same way twice."""
    with unit_of_work():
        author = Author(name='Ann "the\\pen"\n\t\x7f ü 墨 😀 </script>', born=date(1, 2, 3), advance=Decimal("-0.0001"))
        author.save()
        for number, (price, at, notes) in enumerate(
            [
                (Decimal("0.0000"), None, {}),
                (Decimal("1200.0000"), datetime(2026, 3, 31, 8, tzinfo=UTC), {"b": [1, 2.5, None], "a": {"ü": "\n"}}),
                (Decimal("-12.3400"), datetime(2026, 3, 31, 8, 30, 15, 500_000, tzinfo=UTC), [True, "x", -3]),
                (Decimal("9999999999999999.9999"), datetime(999, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "text"),
            ]
        ):
            book = Book(author=author, title="x" * number, price=price, printed_at=at, notes=notes, last_loan=uuid4())
            book.pages = [None, 1, None, 2_147_483_647][number]
            book.save()
            for word in "abc"[:number]:
                Subject(book=book, word=word).save()


def test_every_kind_of_value_is_written_the_same(shelf):
    data = both(WHOLE)["books"]
    nodes = [edge["node"] for edge in data["edges"]]
    assert [node["price"] for node in nodes] == ["1200", "9999999999999999.9999", "0", "-12.34"]
    assert [node["printedAt"] for node in nodes] == [
        "2026-03-31T08:00:00+00:00",
        "0999-01-01T00:00:00.000001+00:00",
        None,
        "2026-03-31T08:30:15.500000+00:00",
    ]
    assert nodes[0]["author"]["born"] == "0001-02-03"
    assert (nodes[0]["author"]["advance"], nodes[0]["lastLoan"], nodes[0]["editor"]) == ("-0.0001", None, None)


def test_pages_of_every_kind_go_on_after_their_cursors(shelf):
    cursor, titles = None, []
    while True:
        page = both(WHOLE, after=cursor, first=1)["books"]
        titles += [edge["node"]["title"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        cursor = page["pageInfo"]["endCursor"]
    assert titles == ["x", "xxx", "", "xx"]
    assert both(WHOLE, after=page["pageInfo"]["endCursor"], first=1)["books"]["edges"] == []


def test_one_statement_answers_whatever_the_levels_and_the_rows(shelf, made):
    with CaptureQueriesContext(connection) as captured:
        asked(WHOLE)
        asked(WHOLE, first=2)
        asked("{ a: books { nodes { title } } b: authors { totalCount } __typename }")
    few = len(captured.captured_queries)
    assert few == 4  # the two roots of the last one are made one by one, and asked together from then on
    with CaptureQueriesContext(connection) as captured:
        asked(WHOLE)
        asked("{ a: books { nodes { title } } b: authors { totalCount } }")
        asked("{ a: books { nodes { title } } b: authors { totalCount } }")
    assert len(captured.captured_queries) == 1 + 2 + 1


def test_a_statement_is_made_once_and_filled_with_what_differs(library, made, monkeypatch):
    text = """query($after: String, $word: String, $ids: [ID!], $price: Decimal) { books(first: 2, after: $after, filter: {
        id: {in: $ids}, title: {contains: $word}, price: {gte: $price}}) { nodes { title } pageInfo { endCursor } } }"""
    ids = {row.title: encode("Book", row.pk) for row in (library.alpha, library.beta, library.gamma)}

    def titles(*names, word="", price="0", after=None):
        data = orjson.loads(asked(text, ids=[ids[name] for name in names], word=word, price=price, after=after))["data"]["books"]
        return [node["title"] for node in data["nodes"]], data["pageInfo"]["endCursor"]

    first, cursor = titles("Alpha", "Beta")
    assert (first, len(made)) == (["Beta", "Alpha"], 1)
    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.as_sql", None)  # nothing is compiled from here on
    assert titles("Alpha", "Gamma")[0] == ["Gamma", "Alpha"]
    assert titles("Alpha", "Gamma", word="MM")[0] == ["Gamma"]
    assert titles("Alpha", "Gamma", word="%")[0] == []
    assert titles("Alpha", "Beta", price="10.50")[0] == ["Beta", "Alpha"]
    assert titles("Alpha", "Beta", price="10.51")[0] == ["Beta"]
    monkeypatch.undo()
    assert titles("Alpha", "Beta", "Gamma", after=cursor) == ([], None)
    assert len(made) == 1  # the patch of the counter is undone with the other


def test_the_form_of_a_value_decides_the_statement(library):
    text = """query($filter: BookFilter, $order: [BookOrderBy!], $more: Boolean = false) {
        books(filter: $filter, orderBy: $order) { nodes { title pages @include(if: $more) } } }"""
    title = [{"field": "TITLE"}]

    def titles(**variables):
        return [node["title"] for node in both(text, **{"order": title, **variables})["books"]["nodes"]]

    assert titles() == ["Alpha", "Beta", "Gamma"]
    assert titles(order=[{"field": "TITLE", "direction": "DESC"}]) == ["Gamma", "Beta", "Alpha"]
    assert titles(filter={"pages": {"isNull": True}}) == ["Beta"]
    assert titles(filter={"pages": {"isNull": False}}) == ["Alpha", "Gamma"]
    assert titles(filter={"pages": {"in": []}}) == []
    assert titles(filter={"pages": {"in": [100, 7]}}) == ["Alpha"]
    assert titles(filter={"pages": {"ne": 100}}) == ["Beta", "Gamma"]
    assert titles(filter={"or": [{"state": {"eq": "PRINTED"}}, {"title": {"startsWith": "be"}}]}) == ["Beta", "Gamma"]
    assert titles(filter={"author": {"name": {"eq": "Cid"}}}) == ["Gamma"]
    assert titles(filter={"not": {"editor": {}}}) == ["Beta"]
    assert both(text, more=True, order=title)["books"]["nodes"][0] == {"title": "Alpha", "pages": 100}


def test_what_a_document_says_itself_is_part_of_the_text(library):
    with unit_of_work():
        Book(author=library.ann, title="100%s $1 'q' \\ %% {}").save()
    for text, found in (("100%", 1), ("%s", 1), ("$1", 1), ("'q' \\\\ %%", 1), ("100_", 0), ("%%%", 0)):
        asked_for = f'{{ books(filter: {{title: {{contains: "{text}"}}}}) {{ totalCount nodes {{ title }} }} }}'
        assert both(asked_for)["books"]["totalCount"] == found, text


def test_a_row_by_its_id(library):
    text = "query($id: ID!) { book(id: $id) { title author { name } } again: book(id: $id) { id } }"
    assert both(text, id=encode("Book", library.alpha.pk))["book"] == {"title": "Alpha", "author": {"name": "Ann"}}
    assert both(text, id=encode("Book", library.beta.pk))["book"]["title"] == "Beta"
    for wrong in (encode("Author", library.ann.pk), encode("Book", uuid4()), "no id"):
        body = orjson.loads(asked(text, id=wrong))
        assert body["data"] == {"book": None, "again": None}
        assert {error["extensions"]["code"] for error in body["errors"]} == {"NOT_FOUND"}


AUTHORS = "{ authors(orderBy: [{field: NAME}]) { totalCount nodes { name advance books { totalCount nodes { title } } } } }"


def reader(member=None, **grants):
    known = {right.replace("_", ".", 1): reach for right, reach in grants.items()}
    return acting(Actor(kind="member", member_id=member or new_id(), name="bob", grants=known))


def test_a_statement_serves_other_readers_with_their_own_rows(library, made):
    own = Reach(own=True, units=frozenset(), companies=frozenset())
    with reader(library.bob, library_author_view=own):
        assert [each["name"] for each in both(AUTHORS)["authors"]["nodes"]] == ["Ann"]
    assert len(made) == 1
    with reader(library_author_view=own):
        assert both(AUTHORS)["authors"] == {"totalCount": 0, "nodes": []}
    assert len(made) == 1
    for units, names in (([library.unit], ["Cid"]), ([new_id()], [])):
        with reader(library_author_view=Reach(units=frozenset(units))):
            assert [each["name"] for each in both(AUTHORS)["authors"]["nodes"]] == names
    assert len(made) == 2
    for count in (3, 4):  # places are made for four
        with reader(library_author_view=Reach(units=frozenset([library.unit, *(new_id() for _ in range(count - 1))]))):
            assert [each["name"] for each in both(AUTHORS)["authors"]["nodes"]] == ["Cid"]
    assert len(made) == 3


def test_rights_decide_which_statement_is_run(library, made):
    rights = {"library_author_view": EVERYTHING}
    with reader(**rights):
        ann = both(AUTHORS)["authors"]["nodes"][0]
    assert ann == {"name": "Ann", "advance": None, "books": {"totalCount": 0, "nodes": []}}
    with reader(**rights, library_author_advance=EVERYTHING):
        assert both(AUTHORS)["authors"]["nodes"][0] == ann | {"advance": "1500.5"}
    with reader(**rights, library_book_view=EVERYTHING):
        assert both(AUTHORS)["authors"]["nodes"][0]["books"]["totalCount"] == 2
    assert len(made) == 3
    with reader():
        assert orjson.loads(asked(AUTHORS))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_what_hangs_on_records_of_any_module_is_read_by_one_statement_whatever_is_on(library, made):
    with acting(system("test")), unit_of_work():
        for label in ("library.Author", "lending.Loan"):
            Comment(label=label, record=new_id(), body=label).save()
    everything = dict.fromkeys((right.replace(".", "_", 1) for right in known_permissions(frozenset(modules()))), EVERYTHING)
    seen = []
    with reader(**everything):
        for on in ({"library", "lending"}, {"library"}, {"library", "lending", "partner"}):
            with instead(replace(current(), modules=frozenset(on))):
                seen.append([each["body"] for each in both("{ comments { nodes { body } } }")["comments"]["nodes"]])
    assert seen[0] == seen[2] == ["lending.Loan", "library.Author"]
    assert seen[1] == ["library.Author"]
    assert len(made) == 1


def test_a_wrong_id_is_told_also_where_no_row_can_be_found(library):
    text = "query($f: AuthorFilter) { authors(filter: $f) { nodes { id } } }"
    with reader(library_author_view=Reach()):
        for wrong, code in ((encode("Book", new_id()), "BAD_INPUT"), (encode("Author", new_id()), None)):
            body = orjson.loads(asked(text, f={"id": {"eq": wrong}}))
            assert [each["extensions"]["code"] for each in body.get("errors", [])] == ([code] if code else [])


def test_what_only_a_function_knows_is_left_to_the_plan(library):
    for text, names in (
        ("{ authors { nodes { priceOfBooks } } }", ["authors"]),
        ('{ books(filter: {tags: ["x"]}) { totalCount } authors { totalCount } }', []),
        ('{ books(filter: {customFields: [{name: "x", op: EQ, value: 1}]}) { totalCount } }', ["books"]),
    ):
        for _ in range(2):
            with by_statement() as planned:
                asked(text)
            assert planned == names


def test_a_value_outside_its_enum_is_the_defect_that_it_was(library):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE library_author SET kind = 'ghost' WHERE name = 'Ann'")
    text = "{ authors { nodes { name kind } } }"
    for _ in range(2):
        body = orjson.loads(asked(text))
        assert (body["data"], body["errors"][0]["extensions"]["code"]) == ({"authors": None}, "INTERNAL")


def test_what_was_answered_is_counted_by_the_statement(library):
    from tests.graph.test_cost import cost

    text = "{ authors { nodes { name books { edges { node { title author { name } } } } } } }"
    with by_plan():
        planned = cost(text)
    for _ in range(2):
        found = cost(text)
        assert (found["requested"], found["actual"]) == (planned["requested"], planned["actual"]) == (5152, 2 + 2 + 2 * 2 + 3 + 3)


def test_a_statement_prepared_for_one_tenant_reads_the_rows_of_the_next(library, other_tenant, inside):
    """The two tenants share the connection, and so the prepared statement: PostgreSQL looks at the search path each time."""
    text, process = "{ authors { nodes { name } } }", Prepared("SELECT pg_backend_pid()")
    mine = run("default", process, []).fetchone()
    for _ in range(8):  # beyond the five after which PostgreSQL may keep one plan for all values
        assert orjson.loads(asked(text))["data"]["authors"]["nodes"] == [{"name": "Cid"}, {"name": "Ann"}]
        with enter(other_tenant.ref(), actor=inside.actor, modules=inside.modules):
            assert run("default", process, []).fetchone() == mine
            assert orjson.loads(asked(text))["data"]["authors"]["nodes"] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE '%library_author%'")
        assert cursor.fetchall() == [(16 - UNPREPARED,)]


def test_the_turn_to_a_tenant_is_no_round_trip_of_its_own_while_it_stays(library):
    asked(AUTHORS)
    with CaptureQueriesContext(connections["default"]) as captured:
        asked(AUTHORS)
    assert len(captured.captured_queries) == 1


def test_the_page_of_somebody_else_is_no_part_of_a_kept_statement(library):
    """The keys of whoever asked first are nowhere in the text: not of a member, a unit or a company."""
    mine = Reach(own=True, units=frozenset([library.unit]), companies=frozenset([library.company]))
    with reader(library.bob, library_author_view=mine), CaptureQueriesContext(connection) as captured:
        both(AUTHORS)
    text = captured.captured_queries[0]["sql"]
    assert "library_author" in text
    assert not [key for key in (library.bob, library.unit, library.company) if str(key) in text or key.hex in text]


def test_a_page_with_lists_in_it_is_one_statement_wherever_it_lies(shelf):
    """The second time it is asked for: the first one makes the statement."""
    text = """query($after: String) { authors(first: 1, after: $after, orderBy: [{field: NAME}]) {
        edges { cursor node { name books(first: 2) { nodes { title subjects(first: 1) { nodes { word } } } } } } } }"""
    cursor = orjson.loads(asked(text))["data"]["authors"]["edges"][0]["cursor"]
    asked(text, after=cursor)
    for after in (None, cursor):
        with CaptureQueriesContext(connections["default"]) as captured:
            assert "errors" not in orjson.loads(asked(text, after=after))
        assert len(captured.captured_queries) == 1
