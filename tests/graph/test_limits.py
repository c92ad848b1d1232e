"""Hostile documents are refused before they cost anything."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind
from tessera.errors import ApiError
from tessera.graph.documents import CHARACTER_BYTES, Documents
from tessera.graph.limits import LIMITS, TOKEN, Measure, check_variables, tokens_in
from tessera.graph.schemas import schema_for
from tessera.testing.hostile import corpus

NEST = "{ author { books { nodes " * 4 + "{ id }" + " } } }" * 4


def many(count, text):
    return " ".join(text.format(number) for number in range(count))


def bomb(levels):
    fragments = many(levels, "fragment f{0} on Author {{ ...f{0}x ...f{0}x }}")
    for level in range(levels):
        fragments = fragments.replace(f"f{level}x", f"f{level + 1}")
    return f"{{ authors {{ nodes {{ ...f0 }} }} }} {fragments} fragment f{levels} on Author {{ name }}"


@pytest.mark.parametrize(
    "limit, document",
    [
        ("aliases", "{ " + many(31, "a{0}: authors {{ totalCount }}") + " }"),
        ("root_fields", "{ " + many(21, "...r{0}") + " } " + many(21, "fragment r{0} on Query {{ books {{ totalCount }} }}")),
        ("mutations", "mutation { " + many(11, 'a{0}: authorCreate(input: {{name: "x"}}) {{ node {{ id }} }}') + " }"),
        ("repeats", "{ authors { nodes { " + "name " * 11 + "} } }"),
        ("depth", f"{{ books {{ nodes {NEST} }} }}"),
        ("directives_at_one_place", "{ __typename @skip(if: false) @include(if: true) @a @b }"),
        ("directives", "{ __typename @skip(if: true) " + "... @skip(if: true) { __typename } " * 30 + "}"),
        ("fragments", "{ __typename } " + many(31, "fragment f{0} on Author {{ name }}")),
        ("fields", bomb(25)),
        ("tokens", "{ " + "id " * 5000 + "}"),
        ("tokens", "{ authors(filter: " + "{not: " * 300 + "{}" + "}" * 300 + ") { totalCount } }"),
        ("characters", "{ __typename } #" + "x" * 32_000),
        ("input_depth", "{ authors(filter: " + "{and: [" * 8 + "{}" + "]}" * 8 + ") { totalCount } }"),
    ],
)
def test_a_document_beyond_a_limit_is_too_complex(inside, ask, limit, document):
    asked = ask(document)
    assert asked.codes == ["TOO_COMPLEX"]
    assert asked.errors[0]["extensions"]["limit"] == limit
    assert "data" not in asked.body


@pytest.mark.parametrize("hostile", corpus(), ids=lambda hostile: hostile.name)
def test_tokens_are_counted_as_the_lexer_takes_them(hostile):
    text = hostile.text[: LIMITS.characters]
    lexer, tokens = Lexer(Source(text)), 0
    try:
        while lexer.advance().kind is not TokenKind.EOF:
            tokens += lexer.token.kind is not TokenKind.COMMENT
    except GraphQLSyntaxError:
        text = text[: lexer.token.end]  # up to where nothing can be read
    assert tokens_in(text, len(text)) == tokens
    assert (tokens_in(text, 2_000) > 2_000) is (tokens > 2_000)


@pytest.mark.parametrize(
    "text",
    [
        '"' * 32_000,
        '"""\\' * 8_000,
        '"\\' * 16_000,
        '"""' + '\\"""' * 7_000,
        '"""' + '\\"""' * 7_000 + "\\",
        '{ a(b: "' * 4_000,
    ],
)
def test_texts_that_do_not_end_are_counted_in_one_go(text):
    ends = [0, *(match.end() for match in TOKEN.finditer(text))]
    assert ends == sorted(set(ends)) and ends[-1] == len(text)


def test_comments_are_counted(inside, ask):
    assert ask("{ __typename }" + "\n#" * 201).codes == ["TOO_COMPLEX"]
    assert ask("{ __typename }" + "\n#" * 199).data == {"__typename": "Query"}


def test_a_document_at_the_limits_is_served(library, ask):
    deep, end = "{ " + "books(first: 3) { nodes { author { " * 3, " } } }" * 3 + " }"
    assert ask(deep + "books { nodes { author { id } } }" + end).codes == ["TOO_COMPLEX"]
    assert len(ask(deep + "books { nodes { id } }" + end).data["books"]["nodes"]) == 3
    assert len(ask("{ " + many(20, "a{0}: authors {{ totalCount }}") + " }").data) == 20


def test_each_fragment_of_a_bomb_is_walked_once(inside, monkeypatch):
    walked = []
    of = Measure._of
    monkeypatch.setattr(Measure, "_of", lambda self, *rest: walked.append(rest) or of(self, *rest))
    with pytest.raises(ApiError):
        Documents().get("x", schema_for(inside.modules), bomb(28))
    assert len(walked) < 100  # of 2 ** 28 spreads


@pytest.mark.parametrize("way", ["...b", "books { nodes { author { ...b } } }"])
def test_fragments_in_a_circle_are_invalid(inside, ask, way):
    asked = ask(f"{{ authors {{ nodes {{ ...a }} }} }} fragment a on Author {{ {way} }} fragment b on Author {{ ...a name }}")
    assert set(asked.codes) == {"BAD_INPUT"}


def test_variables_are_measured_too(inside, ask):
    filter = {"name": {"eq": "x"}}
    for _ in range(14):
        filter = {"not": filter}
    assert ask("query($f: AuthorFilter) { authors(filter: $f) { totalCount } }", f=filter).codes == ["TOO_COMPLEX"]
    asked = ask("query($s: String) { authors(search: $s) { totalCount } }", s="a\0b")
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["s"]])
    asked = ask('{ authors(search: "a\\u0000b") { totalCount } }')
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["search"]])


@pytest.mark.parametrize(
    "variables, path",
    [
        ({"f": {"or": [{}, {"name": {"eq": "a\0b"}}]}}, ["f", "or", "1", "name", "eq"]),
        ({"f": {"or": [{"na\0me": {}}]}}, ["f", "or", "0", "na\0me"]),
        ({"f": {"name": {"in": ["x", "\udfff"]}}}, ["f", "name", "in", "1"]),
    ],
)
def test_a_text_that_cannot_be_stored_is_told_with_its_place_in_the_variables(variables, path):
    with pytest.raises(ApiError) as refused:
        check_variables(variables)
    assert refused.value.code == "BAD_INPUT" and refused.value.extensions["field"] == path


def test_values_are_counted_no_further_than_they_may_be():
    check_variables({"f": [1] * (LIMITS.values - 2)})  # all of them, the list, and what holds it
    with pytest.raises(ApiError):
        check_variables({"f": [1] * (LIMITS.values - 1)})
    with pytest.raises(ApiError) as refused:
        check_variables({"f": [[1]] * 400_000, "never looked at": "\0"})
    assert refused.value.extensions["limit"] == "values"


def test_introspection_cannot_go_in_circles(inside, ask):
    circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert set(ask(circle).codes) == {"BAD_INPUT"}


def test_the_usual_introspection_is_answered(inside, ask):
    from graphql import build_client_schema, get_introspection_query

    found = ask(get_introspection_query(descriptions=False))
    assert build_client_schema(found.data).get_type("Loan") is not None
    assert ask(get_introspection_query(descriptions=False)).body == found.body


def test_errors_do_not_multiply(inside, ask):
    asked = ask("{ " + many(100, "unknown{0}") + " }")
    assert asked.codes in (["TOO_COMPLEX"], ["BAD_INPUT"] * (LIMITS.errors + 1))
    asked = ask("query($i: [ID!]) { authors(filter: {id: {in: $i}}) { totalCount } }", i=[[]] * 900)
    assert len(asked.errors) == LIMITS.errors


def test_documents_are_kept_by_schema_and_the_oldest_give_way(inside):
    schema = schema_for(inside.modules)
    kept = Documents(most=40 * CHARACTER_BYTES)
    first = kept.get("a", schema, "{ __typename }")
    assert kept.get("a", schema, "{ __typename }") is first
    assert kept.get("b", schema, "{ __typename }") is not first
    for name in "xyz":
        kept.get("a", schema, f"{{ {name}: __typename }}")
    assert kept.get("a", schema, "{ __typename }") is not first


def test_a_document_takes_what_its_statements_take(inside):
    schema = schema_for(inside.modules)
    kept = Documents(most=101_500)
    small, large = kept.get("a", schema, "{ __typename }"), kept.get("a", schema, "{ a: __typename }")
    large.grow(90_000)
    assert kept.bytes == 90_000 + (14 + 17) * CHARACTER_BYTES
    large.grow(9_000)  # the one used longest ago gives way
    assert kept.bytes == 99_000 + 17 * CHARACTER_BYTES
    assert kept.get("a", schema, "{ a: __typename }") is large
    small.grow(50_000)  # and nobody counts it any more
    assert kept.bytes == 99_000 + 17 * CHARACTER_BYTES
    large.grow(50_000)
    assert kept.bytes == 0


def test_measuring_names_no_limit_for_an_ordinary_document():
    from graphql import parse

    Measure(parse("query A($id: ID!) { book(id: $id) { title author { ...who } } } fragment who on Author { name }")).check()


def test_nested_pages_do_not_multiply_beyond_bounds(library, ask):
    def lists(*sizes):
        text = "id"
        for size in reversed(sizes):
            text = f"books(first: {size}) {{ nodes {{ author {{ {text} }} }} }}"
        return "{ " + text + " }"

    assert "errors" not in ask(lists(50, 50, 50)).body
    asked = ask(lists(250, 250, 250))
    assert (asked.codes, asked.errors[0]["extensions"]["limit"]) == (["TOO_COMPLEX"], "rows")
