"""Documents are parsed as graphql-core does, no further than to the first limit that they go beyond."""

from dataclasses import replace

import graphql
import pytest
from graphql import GraphQLSyntaxError, print_ast
from hypothesis import given
from hypothesis import strategies as st
from tessera.errors import ApiError
from tessera.graph.limits import LIMITS, Measure
from tessera.graph.parsing import parse

TEXT = "query($n: Int) { authors(first: $n) { nodes { id name books { nodes { title } } } } }"
TIGHT = replace(LIMITS, aliases=2, fields=8, repeats=2, directives=2, fragments=2, operations=2)


def test_it_parses_as_ever():
    assert print_ast(parse(TEXT, LIMITS)) == print_ast(graphql.parse(TEXT))


@pytest.mark.parametrize("text", ["{", "{" + "a{" * 40, "{" + "a" * 3 + " b" * 99 + "}", "{ a }" + "#\n" * 6])
def test_it_refuses_as_ever(text):
    told = []
    for read in (
        lambda: graphql.parse(text, max_lexical_tokens=100, max_comments=5),
        lambda: parse(text, replace(LIMITS, tokens=100, comments=5, repeats=100)),
    ):
        with pytest.raises(GraphQLSyntaxError) as refused:
            read()
        told.append(refused.value.message)
    assert told[0] == told[1]


def test_what_is_nested_too_deeply_is_no_defect():
    with pytest.raises(GraphQLSyntaxError, match="too deeply"):
        parse("{a" * 3_000, replace(LIMITS, tokens=10_000))


@pytest.mark.parametrize(
    "limit, part, around",
    [
        ("aliases", "a{0}: b ", "{{ {0} }}"),
        ("fields", "b{0} ", "{{ {0} }}"),
        ("repeats", "b ", "{{ {0} }}"),
        ("directives", "b @c ", "{{ a {0} }}"),
        ("fragments", "...b{0} ", "{{ {0} }}"),
        ("fragments", "fragment f{0} on B {{ b }} ", "{0}"),
        ("operations", "query q{0} {{ b }} ", "{0}"),
    ],
)
def test_it_stops_at_the_first_part_beyond_a_limit(limit, part, around):
    limits = TIGHT if limit != "directives" else replace(TIGHT, repeats=9)
    most = getattr(TIGHT, limit)
    parts = [part.format(number) for number in range(most + 1)]
    parse(around.format("".join(parts[:most])), limits)
    with pytest.raises(ApiError) as refused:
        parse(around.format("".join(parts) + " what is no GraphQL ! )"), limits)
    assert refused.value.extensions["limit"] == limit


LEAF = st.sampled_from(["b", "c", "x: b", "y: c", "b @d", "...F", "...G"])
SELECTIONS = st.recursive(
    st.lists(LEAF, min_size=1, max_size=4),
    lambda inner: st.lists(st.one_of(LEAF, inner.map(lambda parts: f"e {{ {' '.join(parts)} }}")), min_size=1, max_size=4),
    max_leaves=8,
).map(" ".join)


@given(roots=st.lists(SELECTIONS, min_size=1, max_size=3), fragments=st.tuples(SELECTIONS, SELECTIONS))
def test_what_fragments_add_to_is_beyond_a_limit_in_the_text_only_where_it_is_when_they_are_expanded(roots, fragments):
    """Fragments that are used: validation refuses others."""
    used = " ".join(roots)
    defined = [f"fragment {name} on A {{ {each} }}" for name, each in zip("FG", fragments, strict=True) if f"...{name}" in used]
    text = " ".join([f"query q{number} {{ {each} }}" for number, each in enumerate(roots)] + defined)
    try:
        parse(text, TIGHT)
    except ApiError as refused:
        if refused.extensions["limit"] in ("fields", "aliases", "directives"):
            with pytest.raises(ApiError):
                Measure(graphql.parse(text), TIGHT).check()
