"""Groups count and measure exactly the rows and columns that the reader may see, by one statement."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connections
from django.db.models import Q
from tessera.context import EVERYTHING, Actor, Reach, acting, enter
from tessera.graph import aggregates
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.unit_of_work import unit_of_work

from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book

VIEW = {f"library.{noun}_view": EVERYTHING for noun in ("author", "book", "subject")}


@pytest.fixture
def shelf(library):
    """Five books in two currencies, printed around the turn of a year."""
    with unit_of_work():
        library.alpha.printed_at = datetime(2026, 1, 15, 12, tzinfo=UTC)
        library.alpha.save()
        library.gamma.printed_at = datetime(2026, 3, 31, 20, tzinfo=UTC)
        library.gamma.save()
        for title, price, currency, pages in (("Delta", "7.25", "CNY", 40), ("Eta", "0.75", "CNY", None)):
            Book(author=library.ann, title=title, price=price, currency=currency, pages=pages).save()
    return library


@contextmanager
def member(grants, **more):
    with acting(Actor(kind="member", name="bob", grants=grants, **more)):
        yield


def groups(ask, arguments, selection):
    return ask(f"{{ booksAggregate{arguments} {{ {selection} }} }}").data["booksAggregate"]


@contextmanager
def statements():
    """Gather what is sent to PostgreSQL of rows."""
    found = []

    def keep(execute, sql, params, many, context):
        found.append(sql)
        return execute(sql, params, many, context)

    with connections["default"].execute_wrapper(keep):
        yield found


def test_without_groups_there_is_one(shelf, ask):
    selection = "count key { state } sum { pages } avg { pages } min { pages printedAt } max { pages printedAt }"
    assert groups(ask, "", selection) == [
        {
            "count": 5,
            "key": {"state": None},
            "sum": {"pages": "440"},
            "avg": {"pages": "146.6666666666666667"},
            "min": {"pages": "40", "printedAt": "2026-01-15T12:00:00+00:00"},
            "max": {"pages": "300", "printedAt": "2026-03-31T20:00:00+00:00"},
        }
    ]
    nothing = groups(ask, '(filter: {title: {eq: "none"}})', "count sum { pages } min { printedAt }")
    assert nothing == [{"count": 0, "sum": {"pages": None}, "min": {"printedAt": None}}]


def test_groups_by_columns_come_in_their_order(shelf, ask):
    found = groups(ask, "(groupBy: [CURRENCY, STATE])", "count key { currency state } sum { price } __typename")
    assert found == [
        {"count": 2, "key": {"currency": "CNY", "state": "DRAFT"}, "sum": {"price": "8"}, "__typename": "BookGroup"},
        {"count": 2, "key": {"currency": "EUR", "state": "DRAFT"}, "sum": {"price": "30.5"}, "__typename": "BookGroup"},
        {"count": 1, "key": {"currency": "EUR", "state": "PRINTED"}, "sum": {"price": "0"}, "__typename": "BookGroup"},
    ]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("[{field: COUNT, direction: DESC}]", ["DRAFT", "PRINTED"]),
        ("[{field: COUNT}]", ["PRINTED", "DRAFT"]),
        ("[{field: STATE, direction: DESC}]", ["PRINTED", "DRAFT"]),
        ("[{field: MAX_PAGES, direction: DESC}]", ["PRINTED", "DRAFT"]),
        ("[{field: MIN_PAGES}]", ["DRAFT", "PRINTED"]),
    ],
)
def test_groups_are_ordered_by_a_key_or_a_measure(shelf, ask, order, found):
    by = groups(ask, f"(groupBy: [STATE], orderBy: {order})", "key { state }")
    assert [each["key"]["state"] for each in by] == found
    first = groups(ask, f"(groupBy: [STATE], orderBy: {order}, first: 1)", "key { state }")
    assert [each["key"]["state"] for each in first] == found[:1]


def test_groups_by_a_relation_have_the_ids_of_its_rows(shelf, ask):
    ann, cid = (encode("Author", each.pk) for each in (shelf.ann, shelf.cid))
    found = groups(ask, "(groupBy: [AUTHOR_ID], orderBy: [{field: COUNT, direction: DESC}])", "count key { authorId }")
    assert found == [{"count": 4, "key": {"authorId": ann}}, {"count": 1, "key": {"authorId": cid}}]


def test_parts_of_time_are_reckoned_where_the_company_is(shelf, ask, tenant, inside):
    asked = "(groupBy: [PRINTED_AT_%s], filter: {printedAt: {isNull: false}})"
    here = {"YEAR": ["2026-01-01"], "QUARTER": ["2026-01-01"], "MONTH": ["2026-01-01", "2026-03-01"]}
    here |= {"WEEK": ["2026-01-12", "2026-03-30"], "DAY": ["2026-01-15", "2026-03-31"]}
    there = here | {"QUARTER": ["2026-01-01", "2026-04-01"], "MONTH": ["2026-01-01", "2026-04-01"]}
    there |= {"DAY": ["2026-01-15", "2026-04-01"]}
    for zone, expected in (("UTC", here), ("Asia/Shanghai", there)):
        with enter(replace(tenant.ref(), time_zone=zone), actor=inside.actor, modules=inside.modules):
            for part, days in expected.items():
                name = f"printedAt{part.title()}"
                assert [each["key"][name] for each in groups(ask, asked % part, f"key {{ {name} }}")] == days, (zone, part)


def test_a_filter_and_a_search_choose_the_rows(shelf, ask):
    assert groups(ask, "(filter: {pages: {gt: 50}})", "count") == [{"count": 2}]
    assert groups(ask, '(search: "alpha")', "count sum { pages }") == [{"count": 1, "sum": {"pages": "100"}}]
    assert groups(ask, '(filter: {subjects: {some: {word: {eq: "war"}}}}, groupBy: [STATE])', "count") == [{"count": 1}]


@pytest.mark.parametrize("word", ["sum", "avg", "min", "max"])
def test_amounts_are_not_measured_over_currencies(shelf, ask, word):
    refused = [
        f"{{ booksAggregate {{ {word} {{ price }} }} }}",
        f"{{ booksAggregate(groupBy: [STATE]) {{ {word} {{ price }} }} }}",
        f'{{ booksAggregate(filter: {{currency: {{in: ["EUR", "CNY"]}}}}) {{ {word} {{ price }} }} }}',
        f'{{ booksAggregate(filter: {{or: [{{currency: {{eq: "EUR"}}}}, {{}}]}}) {{ {word} {{ price }} }} }}',
        f'{{ booksAggregate(filter: {{not: {{currency: {{eq: "EUR"}}}}}}) {{ {word} {{ price }} }} }}',
    ]
    for text in refused:
        asked = ask(text)
        assert (asked.codes, asked.fields) == (["BAD_INPUT"], [[word, "price"]])
        assert "CURRENCY" in asked.errors[0]["message"]
    by_measure = ask(f"{{ booksAggregate(groupBy: [STATE], orderBy: [{{field: {word.upper()}_PRICE}}]) {{ count }} }}")
    assert (by_measure.codes, by_measure.fields) == (["BAD_INPUT"], [["orderBy", "0", "field"]])


def test_a_filter_that_leaves_one_currency_is_enough(shelf, ask):
    for one in ('{currency: {eq: "CNY"}}', '{currency: {in: ["CNY"]}}', '{and: [{and: [{currency: {eq: "CNY"}}]}]}'):
        assert groups(ask, f"(filter: {one})", "sum { price }") == [{"sum": {"price": "8"}}]


def test_an_amount_in_the_currency_of_another_row(shelf, ask):
    with unit_of_work():
        for book, fee in ((shelf.alpha, "1.5"), (shelf.beta, "2"), (Book.objects.get(title="Delta"), "4")):
            Loan(book=book, reader="Dan", due="2026-03-31", fee=fee).save()
    assert ask("{ loansAggregate { sum { fee } } }").codes == ["BAD_INPUT"]
    found = ask("{ loansAggregate(groupBy: [BOOK_CURRENCY]) { key { bookCurrency } sum { fee } } }").data["loansAggregate"]
    assert found == [
        {"key": {"bookCurrency": "CNY"}, "sum": {"fee": "4"}},
        {"key": {"bookCurrency": "EUR"}, "sum": {"fee": "3.5"}},
    ]
    one = ask('{ loansAggregate(filter: {book: {currency: {eq: "EUR"}}}) { sum { fee } } }').data["loansAggregate"]
    assert one == [{"sum": {"fee": "3.5"}}]
    with member({"lending.loan_view": EVERYTHING}):
        asked = ask("{ loansAggregate(groupBy: [BOOK_CURRENCY]) { count } }")
        assert (asked.codes, asked.fields) == (["FORBIDDEN"], [["groupBy", "0"]])


def test_amounts_whose_currency_is_hidden_are_not_added_up(shelf, ask, monkeypatch):
    with unit_of_work():
        for book, fee in ((shelf.alpha, "1.5"), (shelf.beta, "2"), (Book.objects.get(title="Delta"), "4")):
            Loan(book=book, reader="Dan", due="2026-03-31", fee=fee).save()
    scoped = aggregates.scoped
    seen = Book.objects.filter(title="Alpha")
    monkeypatch.setattr(aggregates, "visible", lambda resource: Q(title="Alpha") if resource.model is Book else None)
    monkeypatch.setattr(aggregates, "scoped", lambda resource: seen if resource.model is Book else scoped(resource))
    found = ask("{ loansAggregate(groupBy: [BOOK_CURRENCY]) { count key { bookCurrency } sum { fee } } }").data["loansAggregate"]
    assert found == [
        {"count": 1, "key": {"bookCurrency": "EUR"}, "sum": {"fee": "1.5"}},
        {"count": 2, "key": {"bookCurrency": None}, "sum": {"fee": None}},
    ]


def test_an_amount_without_a_known_currency_is_not_measured(inside):
    ranges = schema_for(inside.modules).type_map["AuthorRanges"].fields
    assert "born" in ranges and "advance" not in ranges


def test_only_rows_in_reach_are_counted(shelf, ask):
    own = {"library.author_view": Reach(own=True), "library.book_view": EVERYTHING}
    with member(own, member_id=shelf.bob):
        assert ask("{ authorsAggregate { count } }").data["authorsAggregate"] == [{"count": 1}]
        found = groups(ask, "(groupBy: [AUTHOR_ID])", "count key { authorId }")
    assert found == [
        {"count": 4, "key": {"authorId": encode("Author", shelf.ann.pk)}},
        {"count": 1, "key": {"authorId": None}},
    ]


def test_without_rights_nothing_is_grouped_or_measured(shelf, ask):
    with member({"library.author_view": EVERYTHING}):
        assert ask("{ booksAggregate { count } }").codes == ["FORBIDDEN"]
    with member({"library.book_view": EVERYTHING}):
        asked = ask("{ booksAggregate(groupBy: [STATE, AUTHOR_ID]) { count } }")
        assert (asked.codes, asked.fields) == (["FORBIDDEN"], [["groupBy", "1"]])


def test_a_protected_column_is_neither_grouped_by_nor_measured(shelf, ask):
    """Nobody can read what a group or an order would tell of it."""
    schema = schema_for(frozenset({"base", "library", "lending"}))
    book = schema.extensions["shapes"].by_name["Book"]
    protected = {name: replace(book.members[name], right="library.author_advance") for name in ("pages", "state")}
    before, filters = dict(book.members), dict(book.filters)
    book.members |= protected
    book.filters |= protected
    try:
        with member(VIEW):
            for text, field in (
                ("{ booksAggregate { sum { pages } } }", ["sum", "pages"]),
                ("{ booksAggregate { max { pages } } }", ["max", "pages"]),
                ("{ booksAggregate(groupBy: [STATE]) { count } }", ["groupBy", "0"]),
                ("{ booksAggregate(groupBy: [CURRENCY], orderBy: [{field: AVG_PAGES}]) { count } }", ["orderBy", "0", "field"]),
                ("{ booksAggregate(filter: {pages: {gt: 1}}) { count } }", ["filter", "pages"]),
            ):
                body = answer(schema, "protected", Request(text, {})).body
                (error,) = body["errors"]
                assert (error["extensions"]["code"], error["extensions"]["field"]) == ("FORBIDDEN", field)
    finally:
        book.members.update(before)
        book.filters.update(filters)


def test_each_aggregate_is_one_statement(shelf, ask):
    text = """{
        a: booksAggregate(groupBy: [AUTHOR_ID, CURRENCY], orderBy: [{field: SUM_PRICE}]) {
            count key { authorId currency } sum { price pages } avg { price } min { price printedAt } max { price } }
        b: booksAggregate(filter: {author: {name: {eq: "Ann"}}}, search: "a") { count }
    }"""
    with member(VIEW | {"library.author_view": Reach(own=True)}, member_id=shelf.bob), statements() as sent:
        assert len(ask(text).data["a"]) == 3
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ("first: 0", ["first"]),
        ("first: 1001", ["first"]),
        ("groupBy: [STATE], orderBy: [{field: CURRENCY}]", ["orderBy", "0", "field"]),
        ("groupBy: [STATE, CURRENCY, PAGES, TITLE, AUTHOR_ID, EDITOR_ID]", ["groupBy"]),
        ("groupBy: [STATE], orderBy: [" + "{field: COUNT}, " * 6 + "]", ["orderBy"]),
    ],
)
def test_what_cannot_be_grouped_is_refused(shelf, ask, arguments, field):
    asked = ask(f"{{ booksAggregate({arguments}) {{ count }} }}")
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [field])


def test_a_protected_amount_and_a_decimal_are_exact(shelf, ask):
    with unit_of_work():
        Author(name="Eve", born="1960-05-05").save()
        Book(author=shelf.ann, title="Tiny", price=Decimal("0.0001"), currency="CNY").save()
    assert groups(ask, '(filter: {currency: {eq: "CNY"}})', "sum { price }") == [{"sum": {"price": "8.0001"}}]
    born = ask("{ authorsAggregate(groupBy: [BORN_YEAR]) { key { bornYear } count } }").data["authorsAggregate"]
    assert [(each["key"]["bornYear"], each["count"]) for each in born] == [("1950-01-01", 1), ("1960-01-01", 1), (None, 1)]
