"""Filters and search mean what they say, and cannot grow beyond bounds."""

import pytest
from tessera.graph.ids import encode
from tessera.unit_of_work import unit_of_work

from tests.samples.lending.models import Loan


def titles(ask, filter, **variables):
    text = f"query({', '.join(f'${name}: {kind}' for name, (kind, _) in variables.items())})" if variables else ""
    given = {name: value for name, (_, value) in variables.items()}
    asked = ask(f"{text}{{ books(filter: {filter}, orderBy: [{{field: TITLE}}]) {{ nodes {{ title }} }} }}", **given)
    return [node["title"][0] for node in asked.data["books"]["nodes"]]


@pytest.mark.parametrize(
    "filter, found",
    [
        ("{}", "ABG"),
        ('{title: {eq: "Beta"}}', "B"),
        ('{title: {ne: "Beta"}}', "AG"),
        ('{title: {in: ["Beta", "Gamma", "Omega"]}}', "BG"),
        ("{title: {in: []}}", ""),
        ('{title: {notIn: ["Beta", "Gamma", "Omega"]}}', "A"),
        ("{title: {notIn: []}}", "ABG"),
        ("{pages: {notIn: [100, 7]}}", "BG"),
        ('{title: {contains: "A", startsWith: "b"}}', "B"),
        ('{title: {contains: "%"}}', ""),
        ("{state: {eq: PRINTED}}", "G"),
        ("{state: {in: [DRAFT]}}", "AB"),
        ('{price: {gt: "10.50"}}', "B"),
        ('{price: {gte: "10.5", lt: 20}}', "A"),
        ("{pages: {isNull: true}}", "B"),
        ("{pages: {isNull: false, lte: 100}}", "A"),
        ("{pages: {ne: 100}}", "BG"),
        ("{not: {pages: {eq: 100}}}", "BG"),
        ("{not: {pages: {gt: 100}}}", "AB"),
        ("{not: {not: {pages: {gt: 100}}}}", "G"),
        ("{not: {}}", ""),
        ("{not: {title: {}}}", ""),
        ('{or: [{title: {eq: "Alpha"}}, {pages: {gt: 200}}]}', "AG"),
        ("{or: []}", ""),
        ("{and: []}", "ABG"),
        ('{or: [{}, {title: {eq: "Alpha"}}]}', "ABG"),
        ("{and: [{price: {lt: 15}}, {not: {state: {eq: PRINTED}}}]}", "A"),
        ('{author: {name: {eq: "Ann"}}}', "AB"),
        ("{author: {kind: {eq: PEN_NAME}}}", "G"),
        ('{not: {editor: {name: {eq: "Cid"}}}}', "BG"),
        ("{editor: {}}", "AG"),
        ("{not: {editor: {}}}", "B"),
        ('{author: {or: [{born: {gt: "1960-01-01"}}, {born: {isNull: true}}]}}', "G"),
        ('{author: {name: {eq: "Ann"}}, editor: {name: {eq: "Cid"}}}', "A"),
        ('{subjects: {some: {word: {eq: "art"}}}}', "A"),
        ('{subjects: {some: {word: {in: ["art", "war"]}}}}', "AG"),
        ("{subjects: {some: {}}}", "AG"),
        ("{subjects: {none: {}}}", "B"),
        ('{subjects: {none: {word: {eq: "art"}}}}', "BG"),
        ('{subjects: {every: {word: {eq: "war"}}}}', "BG"),
        ("{subjects: {every: {}}}", "ABG"),
        ('{subjects: {every: {not: {word: {eq: "war"}}}}}', "AB"),
        ('{subjects: {some: {word: {eq: "art"}}, every: {word: {eq: "art"}}}}', ""),
        ('{subjects: {some: {word: {eq: "art"}}, none: {word: {eq: "war"}}}}', "A"),
        ('{not: {subjects: {some: {word: {eq: "sea"}}}}}', "BG"),
        ("{subjects: {}}", "ABG"),
        ("{subjects: {some: null}}", "ABG"),
        ("{author: {books: {some: {pages: {gt: 200}}}}}", "G"),
        ('{author: {books: {every: {subjects: {none: {word: {eq: "war"}}}}}}}', "AB"),
        ("{loans: {none: {}}}", "ABG"),
        ('{comments: {none: {}}, audit: {some: {verb: {eq: "create"}}}}', "ABG"),
        ("{lastLoan: {}}", ""),
        ("{not: {lastLoan: {}}}", "ABG"),
        ("{title: null, and: null, not: null, author: null}", "ABG"),
        ("{title: {eq: null}}", "ABG"),
    ],
)
def test_a_filter_selects(library, ask, filter, found):
    assert titles(ask, filter) == list(found)


def test_a_filter_by_id(library, ask):
    alpha, gamma = (encode("Book", row.pk) for row in (library.alpha, library.gamma))
    assert titles(ask, "{id: {eq: $id}}", id=("ID", alpha)) == ["A"]
    assert titles(ask, "{id: {in: $ids}}", ids=("[ID!]", [alpha, gamma])) == ["A", "G"]
    assert titles(ask, "{id: {ne: $id}}", id=("ID", alpha)) == ["B", "G"]
    assert titles(ask, "{author: {id: {eq: $id}}}", id=("ID", encode("Author", library.cid.pk))) == ["G"]
    asked = ask("query($id: ID) { books(filter: {author: {id: {eq: $id}}}) { totalCount } }", id=alpha)
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["filter", "author", "id", "eq"]])


def test_a_filter_through_a_key_without_constraint(library, ask):
    with unit_of_work():
        loan = Loan(book=library.alpha, reader="Dan", due="2026-03-31")
        loan.save()
        library.alpha.last_loan = loan.pk
        library.alpha.save()
    assert titles(ask, '{lastLoan: {reader: {eq: "Dan"}, book: {title: {eq: "Alpha"}}}}') == ["A"]
    assert titles(ask, '{lastLoan: {reader: {eq: "Eve"}}}') == []


def test_the_count_is_of_what_is_filtered(library, ask):
    asked = ask(
        "{ books(first: 1, filter: {pages: {isNull: false}}) { totalCount } authors { nodes { books(filter: {pages: {gt: 1}}) { totalCount } } } }"
    )
    assert asked.data["books"] == {"totalCount": 2}
    assert sorted(node["books"]["totalCount"] for node in asked.data["authors"]["nodes"]) == [1, 1]


@pytest.mark.parametrize(
    "text, found", [("alph", ["Alpha"]), ("A", ["Alpha"]), ("lpha", []), ("_", []), ("", ["Alpha", "Beta", "Gamma"])]
)
def test_search_finds_words_by_their_beginning(library, ask, text, found):
    asked = ask("query($s: String) { books(search: $s, orderBy: [{field: TITLE}]) { totalCount nodes { title } } }", s=text)
    assert [node["title"] for node in asked.data["books"]["nodes"]] == found
    assert asked.data["books"]["totalCount"] == len(found)


def nested(depth):
    return "{not: " * depth + '{title: {eq: "x"}}' + "}" * depth


@pytest.mark.parametrize(
    "filter, code, field",
    [
        (nested(5), "TOO_COMPLEX", ["filter", "not", "not", "not", "not", "not"]),
        ('{title: {in: ["x"' + ', "x"' * 250 + "]}}", "TOO_COMPLEX", ["filter", "title", "in"]),
        ('{title: {notIn: ["x"' + ', "x"' * 250 + "]}}", "TOO_COMPLEX", ["filter", "title", "notIn"]),
        (
            "{subjects: {some: {not: {not: {not: {not: {word: {}}}}}}}}",
            "TOO_COMPLEX",
            ["filter", "subjects", "some", "not", "not", "not", "not"],
        ),
        ("{or: [{}" + ", {}" * 250 + "]}", "TOO_COMPLEX", ["filter", "or"]),
    ],
)
def test_a_filter_stays_within_bounds(library, ask, filter, code, field):
    asked = ask(f"{{ books(filter: {filter}) {{ totalCount }} }}")
    assert (asked.codes, asked.fields) == ([code], [field])


def test_conditions_are_counted_over_the_whole_filter(library, ask):
    some = [{"title": {"eq": "x"}}] * 100
    asked = ask("query($f: BookFilter) { books(filter: $f) { totalCount } }", f={"or": some, "and": some, "not": {"or": some}})
    assert asked.codes == ["TOO_COMPLEX"]
    assert titles(ask, nested(4)) == []


def test_a_search_is_short(library, ask):
    asked = ask("query($s: String) { books(search: $s) { totalCount } }", s="x" * 201)
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["search"]])
