"""Search finds words by their beginnings, in any order and spelling, and Chinese by any part; it tells nothing else."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tessera.context import EVERYTHING, Actor, acting
from tessera.graph.answers import answer
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.search.expressions import found_in
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author

NAMES = {
    "acme": "ACMÉ Werkzeug-Straße GmbH & Co. KG",
    "tiangong": "上海天工软件（有限）公司",
    "tianjin": "天津海工集团 Tools",
    "seoul": "서울 한국어 회사",
    "order": "SO-2026/0042 ann@acme.example",
    "wide": "ＡＢＣ　カタログ１２",
}


@pytest.fixture
def named(inside):
    with unit_of_work():
        for name in NAMES.values():
            Author(name=name).save()


def found(ask, text):
    asked = ask("query($s: String) { authors(search: $s) { nodes { name } } }", s=text)
    by_name = {name: short for short, name in NAMES.items()}
    return {by_name[node["name"]] for node in asked.data["authors"]["nodes"]}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("acme", {"acme", "order"}),
        ("Ac", {"acme", "order"}),
        ("acmé", {"acme", "order"}),
        ("STRASSE werkzeug", {"acme"}),
        ("straße", {"acme"}),
        ("gmbh werk", {"acme"}),
        ("werkzeug tools", set()),
        ("cme", set()),
        ("& - %", set()),
        ("acme &", {"acme", "order"}),
        ("_", set()),
        ("", set(NAMES)),
        ("天工", {"tiangong"}),
        ("海天", {"tiangong"}),
        ("海工", {"tianjin"}),
        ("天工软件", {"tiangong"}),
        ("天软", set()),
        ("限公", set()),  # a bracket stands between the two
        ("司", {"tiangong"}),
        ("海", {"tiangong", "tianjin"}),
        ("公司 上海", {"tiangong"}),
        ("集团tool", {"tianjin"}),
        ("国어", set()),
        ("국어", {"seoul"}),
        ("so-2026/0042", {"order"}),
        ("0042 2026", {"order"}),
        ("ann@acme.exa", {"order"}),
        ("abc", {"wide"}),
        ("ａｂ カタ", {"wide"}),
        ("タロ", {"wide"}),
        ("12", {"wide"}),
        ("'); DROP TABLE x; --", set()),
        ("acme:* | x", set()),
        ("\\", set()),
    ],
)
def test_a_search_finds(named, ask, text, names):
    assert found(ask, text) == names


def test_a_search_is_bounded(named, ask):
    asked = ask("query($s: String) { authors(search: $s) { totalCount } }", s=" ".join("abcdefghijk"))
    assert (asked.codes, asked.fields) == (["BAD_INPUT"], [["search"]])
    assert found(ask, " ".join(["acme"] * 10)) == {"acme", "order"}


def test_words_may_stand_in_different_columns(named, ask):
    assert len(found(ask, "person 上海")) == 1
    assert found(ask, "pen 上海") == set()


COUNT = '{ authors(search: "%s") { totalCount } }'


def test_a_column_without_its_right_contributes_nothing(named, ask):
    schema = schema_for(frozenset({"base", "library"}))
    shape = schema.extensions["shapes"].by_name["Author"]
    before = shape.search
    shape.search = tuple(replace(column, right="library.secret") if column.name == "name" else column for column in before)
    try:
        for grants, counts in (({}, (0, 6, 0)), ({"library.secret": EVERYTHING}, (1, 6, 1))):
            with acting(Actor(kind="member", name="bob", grants={"library.author_view": EVERYTHING} | grants)):
                asked = [
                    orjson.loads(orjson.dumps(answer(schema, "protected", Request(COUNT % text, {})).body))
                    for text in ("上海", "person", "person 上海")
                ]
            assert tuple(body["data"]["authors"]["totalCount"] for body in asked) == counts
    finally:
        shape.search = before


WRITTEN = st.text(
    st.characters(codec="utf-8", categories=["L", "N"], exclude_characters="\0")
    | st.sampled_from("上海天工软件有限公司 -.,（）éßØ12ab"),
    min_size=1,
    max_size=40,
)


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=WRITTEN, data=st.data())
def test_whatever_is_written_is_found(inside, text, data):
    """Any word by any of its beginnings, any Chinese by any part of it, the whole text by itself."""
    with unit_of_work():
        author = Author(name=text)
        author.pk = author.id
        Author.objects.filter(name=text).delete()
        author.save()
    looked_for = []
    for word in text.split()[:10]:
        chinese = all("\u4e00" <= character <= "\u9fff" for character in word)
        start = data.draw(st.integers(0, len(word) - 1)) if chinese else 0
        end = data.draw(st.integers(start + 1, len(word)))
        looked_for.append(word[start:end])
    for part in (*looked_for, " ".join(looked_for)):
        if any(character.isalnum() for character in part):
            assert Author.objects.filter(found_in(["name"], part), pk=author.pk).exists(), (text, part)
