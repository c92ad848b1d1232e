"""Rights, row scope and field rights hold wherever a row can be reached."""

import pytest
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.scope import NOTHING, scoped, visible

from tests.samples.library.models import Author
from tests.samples.library.resources import AUTHOR, BOOK

VIEW = {f"library.{noun}_view": EVERYTHING for noun in ("author", "book", "subject")}


@pytest.fixture
def member(library):
    """Enter the tenant as a member with exactly these grants; bob owns Ann."""
    entered = []

    def enter(grants, member_id=library.bob):
        context = acting(Actor(kind="member", member_id=member_id, name="bob", grants=grants))
        context.__enter__()
        entered.append(context)

    yield enter
    for context in reversed(entered):
        context.__exit__(None, None, None)


@pytest.fixture
def own(member):
    """Enter as bob, whose rights on authors reach his own only."""
    member(VIEW | {"library.author_view": Reach(own=True)})


def names(asked):
    return [node["name"] for node in asked.data["authors"]["nodes"]]


def test_without_the_right_a_root_field_is_forbidden_and_the_others_stay(member, library, ask):
    member({"library.book_view": EVERYTHING})
    asked = ask(
        "query($id: ID!) { authors { totalCount } author(id: $id) { name } books { totalCount } }",
        id=encode("Author", library.ann.pk),
    )
    assert asked.body["data"] == {"authors": None, "author": None, "books": {"totalCount": 3}}
    assert asked.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert [error["extensions"]["permission"] for error in asked.errors] == ["library.author_view"] * 2
    asked = ask("query($id: ID!) { node(id: $id) { id } }", id=encode("Author", library.ann.pk))
    assert asked.codes == ["FORBIDDEN"]


def test_without_the_right_a_relation_is_null_and_a_nested_list_empty(member, ask):
    member({"library.book_view": EVERYTHING})
    asked = ask("{ books { nodes { author { name } subjects { totalCount nodes { word } pageInfo { hasNextPage } } } } }")
    empty = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}
    assert asked.data["books"]["nodes"] == [{"author": None, "subjects": empty}] * 3


@pytest.mark.parametrize(
    "reach, seen",
    [
        ({"own": True}, ["Ann"]),
        ({"units": "unit"}, ["Cid"]),
        ({"companies": "company"}, ["Ann"]),
        ({"own": True, "units": "unit"}, ["Ann", "Cid"]),
        ({"units": "other"}, []),
        ({}, []),
        ({"everything": True}, ["Ann", "Cid"]),
    ],
)
def test_a_reach_selects_by_owner_unit_and_company(member, library, ask, reach, seen):
    keys = {"unit": frozenset([library.unit]), "company": frozenset([library.company]), "other": frozenset([new_id()])}
    member({"library.author_view": Reach(**{kind: keys.get(which, which) for kind, which in reach.items()})})
    asked = ask("{ authors(orderBy: [{field: NAME}]) { totalCount nodes { name } } }")
    assert (names(asked), asked.data["authors"]["totalCount"]) == (seen, len(seen))


def test_scope_holds_for_rows_by_id(own, library, ask):
    for field in ("node", "author"):
        text = f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}"
        assert ask(text, id=encode("Author", library.ann.pk)).data[field] is not None
        hidden, absent = ask(text, id=encode("Author", library.cid.pk)), ask(text, id=encode("Author", new_id()))
        assert hidden.body == absent.body
        assert hidden.codes == ["NOT_FOUND"]


def test_scope_holds_for_relations(own, ask):
    asked = ask("{ books(orderBy: [{field: TITLE}]) { nodes { author { name } editor { name } } } }")
    assert asked.data["books"]["nodes"] == [
        {"author": {"name": "Ann"}, "editor": None},
        {"author": {"name": "Ann"}, "editor": None},
        {"author": None, "editor": {"name": "Ann"}},
    ]


def test_scope_holds_for_nested_lists_and_their_counts(own, member, library, ask):
    # Books have no scope of their own, subjects neither: what hangs on a hidden author is reached by books only.
    asked = ask("{ authors { nodes { edited { totalCount nodes { title author { name } } } } } }")
    assert asked.data["authors"]["nodes"] == [{"edited": {"totalCount": 1, "nodes": [{"title": "Gamma", "author": None}]}}]


def test_scope_holds_in_filters_and_their_negation(own, ask):
    titles = "orderBy: [{field: TITLE}]) { totalCount nodes { title } } }"
    by_name = ask('{ books(filter: {author: {name: {in: ["Ann", "Cid"]}}}, ' + titles)
    assert by_name.data["books"] == {"totalCount": 2, "nodes": [{"title": "Alpha"}, {"title": "Beta"}]}
    negated = ask('{ books(filter: {not: {author: {name: {eq: "Cid"}}}}, ' + titles)
    assert negated.data["books"]["totalCount"] == 3  # nothing is told about a hidden author
    assert ask("{ books(filter: {author: {}}, " + titles).data["books"]["totalCount"] == 2
    assert ask("{ books(filter: {not: {author: {}}}, " + titles).data["books"]["nodes"] == [{"title": "Gamma"}]
    ids = ask('{ authors(search: "Cid") { totalCount } }')
    assert ids.data["authors"]["totalCount"] == 0


def test_scope_holds_for_computed_rows_and_reports(member, ask):
    member(VIEW | {"library.author_view": Reach(own=True), "library.totals_view": EVERYTHING})
    asked = ask(
        "{ authorTotals { author { name } books } books(orderBy: [{field: TITLE}]) { nodes { author { longestBook { title } } } } }"
    )
    assert {(row["author"] or {}).get("name") for row in asked.data["authorTotals"]} == {"Ann", None}
    assert asked.data["books"]["nodes"][2] == {"author": None}


def test_a_filter_through_a_relation_needs_the_right_to_view_it(member, ask):
    member({"library.book_view": EVERYTHING})
    asked = ask('{ books(filter: {and: [{author: {name: {eq: "Ann"}}}]}) { totalCount } }')
    assert (asked.codes, asked.fields) == (["FORBIDDEN"], [["filter", "and", "0", "author"]])


def test_a_filter_on_a_nested_list_needs_the_right_to_view_it(member, ask):
    member({"library.author_view": EVERYTHING})
    for word in ("some", "none", "every"):
        asked = ask(f"{{ authors(filter: {{not: {{books: {{{word}: {{}}}}}}}}) {{ totalCount }} }}")
        assert (asked.codes, asked.fields) == (["FORBIDDEN"], [["filter", "not", "books"]])
        assert asked.errors[0]["extensions"]["permission"] == "library.book_view"


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ('{edited: {some: {title: {eq: "Gamma"}}}}', ["Ann"]),
        ('{edited: {some: {author: {name: {eq: "Cid"}}}}}', []),
        ('{edited: {none: {author: {name: {eq: "Cid"}}}}}', ["Ann"]),
        ("{edited: {every: {author: {}}}}", []),
        ("{books: {some: {editor: {advance: {gt: 1}}}}}", "FORBIDDEN"),
        ("{books: {every: {not: {author: {advance: {isNull: true}}}}}}", "FORBIDDEN"),
    ],
)
def test_a_filter_on_a_nested_list_tells_nothing_of_what_is_hidden(own, ask, filter, found):
    """Of Cid, who wrote Gamma and edited Alpha, bob knows nothing; nor of advances."""
    asked = ask(f"{{ authors(filter: {filter}) {{ nodes {{ name }} totalCount }} }}")
    if found == "FORBIDDEN":
        assert asked.codes == [found]
    else:
        assert (names(asked), asked.data["authors"]["totalCount"]) == (found, len(found))


def test_a_report_needs_its_right(member, ask):
    member(VIEW)
    assert ask("{ authorTotals { books } }").codes == ["FORBIDDEN"]


def test_a_field_without_its_right_reads_as_null_everywhere(member, library, ask):
    member(VIEW)
    id = encode("Author", library.ann.pk)
    asked = ask(
        """query($id: ID!) {
            authors(filter: {name: {eq: "Ann"}}) { nodes { name advance priceOfBooks } }
            author(id: $id) { advance }
            node(id: $id) { ... on Author { advance } }
            books(first: 1, orderBy: [{field: TITLE}]) { nodes { author { advance priceOfBooks } } }
        }""",
        id=id,
    )
    assert asked.data == {
        "authors": {"nodes": [{"name": "Ann", "advance": None, "priceOfBooks": None}]},
        "author": {"advance": None},
        "node": {"advance": None},
        "books": {"nodes": [{"author": {"advance": None, "priceOfBooks": None}}]},
    }


def test_a_field_with_its_right_is_read(member, ask):
    member(VIEW | {"library.author_advance": EVERYTHING})
    asked = ask('{ authors(filter: {advance: {gt: "1000"}}) { nodes { advance priceOfBooks } } }')
    assert asked.data["authors"]["nodes"] == [{"advance": "1500.5", "priceOfBooks": "30.5"}]


@pytest.mark.parametrize(
    "arguments, field",
    [
        ('filter: {advance: {gt: "1000"}}', ["filter", "advance"]),
        ('filter: {not: {or: [{advance: {gt: "1000"}}]}}', ["filter", "not", "or", "0", "advance"]),
        ("orderBy: [{field: NAME}, {field: ADVANCE}]", ["orderBy", "1", "advance"]),
    ],
)
def test_a_field_without_its_right_is_no_oracle(member, ask, arguments, field):
    member(VIEW)
    asked = ask(f"{{ authors({arguments}) {{ totalCount nodes {{ name }} }} }}")
    assert (asked.codes, asked.fields) == (["FORBIDDEN"], [field])
    assert asked.errors[0]["extensions"]["permission"] == "library.author_advance"
    nested = ask(
        "{ books { nodes { author { name } } } authors { nodes { books(filter: {author: {advance: {gt: 1}}}) { totalCount } } } }"
    )
    assert nested.fields == [["filter", "author", "advance"]]


def test_a_field_without_its_right_is_not_written(member, library, ask):
    member(VIEW | {"library.author_create": EVERYTHING, "library.author_update": EVERYTHING})
    asked = ask('mutation { authorCreate(input: {name: "Eve", advance: "5"}) { node { id } userErrors { field code } } }')
    assert asked.data["authorCreate"] == {"node": None, "userErrors": [{"field": ["input", "advance"], "code": "FORBIDDEN"}]}
    text = "mutation($id: ID!) { authorUpdate(id: $id, input: {advance: null}) { node { id } userErrors { field code } } }"
    asked = ask(text, id=encode("Author", library.ann.pk))
    assert asked.data["authorUpdate"]["userErrors"] == [{"field": ["input", "advance"], "code": "FORBIDDEN"}]
    assert Author.objects.get(pk=library.ann.pk).advance == 1500.5


def test_a_mutation_needs_its_right(member, library, ask):
    member(VIEW)
    asked = ask(
        """mutation($id: ID!) { authorCreate(input: {name: "Eve"}) { node { id } } authorDelete(id: $id) { id }
           authorUpdate(id: $id, input: {}) { node { id } } authorCommission(id: $id, input: {titles: []}) { nodes { id } } }""",
        id=encode("Author", library.ann.pk),
    )
    assert asked.codes == ["FORBIDDEN"] * 4
    assert [error["extensions"]["permission"] for error in asked.errors] == [
        "library.author_create",
        "library.author_delete",
        "library.author_update",
        "library.author_commission",
    ]
    assert Author.objects.count() == 2


@pytest.mark.parametrize(
    "mutation",
    ['authorUpdate(id: $id, input: {name: "X"})', "authorDelete(id: $id)", "authorCommission(id: $id, input: {titles: []})"],
)
def test_a_hidden_row_cannot_be_written(member, library, ask, mutation):
    verbs = {f"library.author_{verb}": EVERYTHING for verb in ("update", "delete", "commission")}
    member(VIEW | verbs | {"library.author_view": Reach(own=True)})
    text = f"mutation($id: ID!) {{ it: {mutation} {{ userErrors {{ field code message }} }} }}"
    hidden, absent = ask(text, id=encode("Author", library.cid.pk)), ask(text, id=encode("Author", new_id()))
    assert [(e["field"], e["code"]) for e in hidden.data["it"]["userErrors"]] == [(["id"], "NOT_FOUND")]
    assert hidden.body == absent.body == ask(text, id=encode("Book", library.alpha.pk)).body == ask(text, id="x").body


def test_a_visible_row_beyond_the_reach_of_the_verb_is_forbidden(member, library, ask):
    member(VIEW | {"library.author_update": Reach(own=True)})
    text = 'mutation($id: ID!) { authorUpdate(id: $id, input: {name: "Xi"}) { node { name } userErrors { code } } }'
    assert ask(text, id=encode("Author", library.cid.pk)).codes == ["FORBIDDEN"]
    assert ask(text, id=encode("Author", library.ann.pk)).data["authorUpdate"]["node"] == {"name": "Xi"}


def test_keys_given_as_input_are_looked_up_in_scope(member, library, ask):
    verbs = {"library.book_create": EVERYTHING, "library.author_commission": EVERYTHING}
    member(VIEW | verbs | {"library.author_view": Reach(own=True)})
    text = 'mutation($a: ID!, $e: ID) { bookCreate(input: {title: "T", author: $a, editor: $e}) { node { id } userErrors { field code } } }'
    hidden = ask(text, a=encode("Author", library.cid.pk), e=encode("Author", library.ann.pk))
    assert hidden.data["bookCreate"] == {"node": None, "userErrors": [{"field": ["input", "author"], "code": "NOT_FOUND"}]}
    text = """mutation($id: ID!, $e: ID) { authorCommission(id: $id, input: {titles: [{title: "A"}, {title: "B", editor: $e}]}) {
        userErrors { field code } } }"""
    hidden = ask(text, id=encode("Author", library.ann.pk), e=encode("Author", library.cid.pk))
    assert hidden.data["authorCommission"]["userErrors"] == [{"field": ["input", "titles", "1", "editor"], "code": "NOT_FOUND"}]


def test_a_created_row_belongs_to_whoever_creates_it(member, library, ask):
    member(VIEW | {"library.author_view": Reach(own=True), "library.author_create": Reach(own=True)})
    asked = ask('mutation { authorCreate(input: {name: "Eve"}) { node { name } userErrors { code } } }')
    assert asked.data["authorCreate"] == {"node": {"name": "Eve"}, "userErrors": []}
    assert Author.objects.get(name="Eve").owner == library.bob


def test_nobody_creates_beyond_the_reach_of_the_right(member, library, ask):
    member(VIEW | {"library.author_create": Reach(companies=frozenset([library.company]))})
    text = 'mutation($c: UUID) { authorCreate(input: {name: "Eve", company: $c}) { node { name } } }'
    assert ask(text, c=str(new_id())).codes == ["FORBIDDEN"]
    assert ask(text, c=str(library.company)).data["authorCreate"] == {"node": {"name": "Eve"}}


def test_what_a_reader_may_not_see_is_not_answered_either(member, ask):
    member({"library.author_create": EVERYTHING})
    asked = ask('mutation { authorCreate(input: {name: "Eve"}) { node { name } userErrors { code } } }')
    assert asked.data["authorCreate"] == {"node": None, "userErrors": []}
    assert Author.objects.filter(name="Eve").exists()


def test_the_scope_of_a_resource_as_a_condition(library):
    bob = Actor(
        kind="member",
        member_id=library.bob,
        grants={"library.author_view": Reach(own=True), "library.book_view": Reach(own=True)},
    )
    assert [row.name for row in scoped(AUTHOR, bob)] == ["Ann"]
    assert visible(BOOK, bob) is None  # it names no scope column: whoever may view sees all
    assert visible(AUTHOR, bob, "update") is NOTHING
    assert list(scoped(AUTHOR, bob, "update")) == []
    nobody = Actor(kind="member", grants={"library.author_view": Reach(own=True)})
    assert visible(AUTHOR, nobody) is NOTHING
