"""Two hundred documents that want to cost a server more than they cost their sender, over the resources of `base`.

Each is refused before a statement is sent, and in little time; the tests hold the first, the benchmarks show the second.
Sizes are below and far above the limits, so that neither the limit nor the way to it is costly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

NODES = "parties { nodes { id } }"
LEAF = "name"


@dataclass(frozen=True)
class Hostile:
    """A document with its variables; `name` says what it tries and how much of it."""

    name: str
    text: str
    variables: dict[str, Any] = field(default_factory=dict)


def corpus() -> list[Hostile]:
    """Return all of them, each under a name of its own."""
    families = (_width, _depth, _fragments, _directives, _texts, _inputs, _pages, _introspection, _operations, _variables)
    return [hostile for family in families for hostile in family()]


def _many(count: int, text: str, between: str = " ") -> str:
    return between.join(text.replace("#", str(number)) for number in range(count))


def _nested(levels: int, opening: str, inner: str, closing: str) -> str:
    return opening * levels + inner + closing * levels


def _width() -> Iterator[Hostile]:
    for count in (31, 60, 200, 600):
        yield Hostile(f"{count} aliased lists", "{ " + _many(count, "a#: " + NODES) + " }")
        yield Hostile(f"{count} aliased leaves", "{ parties { nodes { " + _many(count, "a#: name") + " } } }")
        yield Hostile(f"{count} aliases by fragments", "{ ...A } fragment A on Query { " + _many(count, "a#: " + NODES) + " }")
    for count in (11, 100, 1_000, 3_000):
        yield Hostile(f"{count} times one leaf", "{ parties { nodes { " + _many(count, LEAF) + " } } }")
        yield Hostile(f"{count} times one list", "{ " + _many(count, NODES) + " }")
    for count in (100, 150, 600):
        yield Hostile(f"{count} roots", "{ " + _many(count, "... { a#: __typename }") + " }")
        yield Hostile(f"{count} leaves in pieces", "{ parties { nodes { " + _many(count, "... on Party { name }") + " } } }")
    for lists, rows, leaves in ((10, 5, 10), (10, 10, 5), (4, 10, 10)):  # within every count, and a product of them
        inner = ("nodes { " + "name " * leaves + "} ") * rows
        yield Hostile(f"{lists} x {rows} x {leaves} fields to merge", "{ " + f"parties {{ {inner}}} " * lists + "}")
    for count in (11, 50, 400):
        change = 'c#: partyCreate(input: {name: "x"}) { node { id } }'
        yield Hostile(f"{count} mutations", "mutation { " + _many(count, change) + " }")


def _depth() -> Iterator[Hostile]:
    for levels in (7, 30, 100, 400):
        circle = _nested(levels, "parent { children { nodes { ", "id", " } } }")
        yield Hostile(f"{levels} circles", "{ orgUnits { nodes { " + circle + " } } }")
        yield Hostile(
            f"{levels} inline fragments", "{ " + _nested(levels * 5, "... { ", NODES.replace("id", "nope"), " }") + " }"
        )
    for levels in (2_000, 15_000):
        yield Hostile(f"{levels} open braces", "{ a " * levels)
        yield Hostile(f"{levels} open brackets", "{ parties(orderBy: " + "[" * levels)
        yield Hostile(f"{levels} closed braces", "{ a " + "}" * levels)
    for levels in (6, 8):
        inner = _nested(levels, "parties(first: 250) { nodes { employer { ", "id", " } } }").replace(
            "employer { parties", "employer { roles"
        )
        yield Hostile(f"{levels} levels that are not there", "{ " + inner + " }")


def _fragments() -> Iterator[Hostile]:
    for levels in (12, 25, 29, 200):
        chain = _many(levels, "fragment F# on Party { ...G# ...G# }")
        for level in range(levels):
            chain = chain.replace(f"G{level} ", f"F{level + 1} ")
        yield Hostile(
            f"a bomb of {levels} fragments",
            "{ parties { nodes { ...F0 } } } " + chain + f" fragment F{levels} on Party {{ name }}",
        )
    for count in (31, 150, 400):
        same = _many(count, "fragment F# on Party { name code kind }")
        yield Hostile(f"{count} overlapping fragments", "{ parties { nodes { " + _many(count, "...F#") + " } } } " + same)
        yield Hostile(f"{count} fragments that nobody uses", "{ __typename nope } " + same)
        yield Hostile(f"{count} spreads of what is not there", "{ parties { nodes { " + _many(count, "...Nope#") + " } } }")
    for count in (2, 10, 30):
        circle = _many(count, "fragment F# on Party { ...N# }")
        for number in range(count):
            circle = circle.replace(f"...N{number} ", f"...F{(number + 1) % count} ")
        yield Hostile(f"a circle of {count} fragments", "{ parties { nodes { ...F0 } } } " + circle)
        all_to_all = _many(count, "fragment F# on OrgUnit { parent { " + _many(count, "...F#") + " } }")
        yield Hostile(f"{count} fragments that all lead to each other", "{ orgUnits { nodes { ...F0 } } } " + all_to_all)
    for count in (10, 30):
        clash = _many(count, "fragment F# on Party { x: name y: code z: kind } fragment G# on Party { x: code y: name z: id }")
        yield Hostile(
            f"{2 * count} fragments that clash", "{ parties { nodes { " + _many(count, "...F# ...G#") + " } } } " + clash
        )


def _directives() -> Iterator[Hostile]:
    for count in (4, 100, 1_500):
        yield Hostile(f"{count} unknown directives", "{ __typename " + _many(count, "@a#") + " }")
        yield Hostile(f"{count} times skip", "{ __typename " + "@skip(if: false) " * count + "}")
        yield Hostile(f"{count} directives on a query", "query " + "@a " * count + "{ __typename }")
    for count in (40, 500):
        yield Hostile(f"{count} skipped pieces", "{ " + "... @skip(if: false) { __typename } " * count + "}")
        yield Hostile(f"{count} directives on variables", "query(" + _many(count, "$v#: Int @a") + ") { __typename }")


def _texts() -> Iterator[Hostile]:
    for size in (32_001, 500_000):
        yield Hostile(f"a comment of {size} characters", "{ __typename nope } #" + "x" * size)
        yield Hostile(f"a name of {size} characters", "{ " + "x" * size + " }")
        yield Hostile(f"a text of {size} characters", '{ parties(search: "' + "x" * size + '") { totalCount } }')
        yield Hostile(
            f"a block text of {size} characters", '{ parties(search: """' + "\n x" * (size // 3) + '""") { totalCount } }'
        )
        yield Hostile(f"{size} blanks", "{ __typename nope " + " " * size + "}")
        yield Hostile(f"{size} commas", "{ __typename " + "," * size + "nope }")
    for count in (201, 10_000):
        yield Hostile(f"{count} comments", "{ __typename nope }" + "\n#" * count)
        yield Hostile(f"{count} escapes", '{ parties(search: "' + "\\u0041" * count + "\\u0000" + '") { totalCount } }')
    for name, sign in (("a NUL", "\\u0000"), ("half a pair", "\\ud800"), ("an end of a pair", "\\udfff")):
        yield Hostile(f"{name} in a text", f'{{ parties(search: "{sign}") {{ totalCount }} }}')
        yield Hostile(f"{name} in a filter", f'{{ parties(filter: {{name: {{eq: "{sign}"}}}}) {{ totalCount }} }}')
    for name, text in (
        ("nothing", ""),
        ("blanks", "   "),
        ("a byte order mark", "\ufeff"),
        ("a picture", "{ \U0001f4a3 }"),
        ("no query", "fragment F on Party { id }"),
        ("a number", "12"),
        ("half a string", '{ parties(search: "x'),
        ("a schema", "type Query { a: Int }"),
        ("an extension", "extend type Party { x: Int }"),
        ("words from right to left", "{ \u202epartiеs }"),
        ("a subscription", "subscription { nope }"),
        ("a tab in a name", "{ par\tties }"),
    ):
        yield Hostile(f"only {name}", text)


def _inputs() -> Iterator[Hostile]:
    for count in (251, 1_200):
        yield Hostile(
            f"{count} values in a filter", "{ parties(filter: {name: {in: [" + _many(count, '"#"') + "]}}) { totalCount } }"
        )
        yield Hostile(
            f"{count} alternatives",
            "{ parties(filter: {or: [" + _many(count, '{name: {eq: "#"}}')[:30_000] + "]}) { totalCount } }",
        )
        yield Hostile(f"{count} arguments", "{ parties(" + _many(count, "a#: 1") + ") { totalCount } }")
        yield Hostile(f"{count} times one argument", "{ parties(" + "first: 1 " * count + ") { totalCount } }")
        yield Hostile(f"{count} unknown filters", "{ parties(filter: {" + _many(count, "a#: {eq: 1}") + "}) { totalCount } }")
    for levels in (13, 100, 900):
        yield Hostile(f"{levels} times not", "{ parties(filter: " + _nested(levels, "{not: ", "{}", "}") + ") { totalCount } }")
        yield Hostile(f"{levels} times and", "{ parties(filter: " + _nested(levels, "{and: [", "{}", "]}") + ") { totalCount } }")
        yield Hostile(
            f"{levels} lists in each other", "{ parties(orderBy: " + _nested(levels, "[", "", "]") + ") { totalCount } }"
        )
    for name, value in (
        ("a huge number", "9" * 400),
        ("a float", "1e400"),
        ("a negative one", "-1"),
        ("zero", "0"),
        ("an object", "{}"),
        ("a list", "[1, 2]"),
        ("true", "true"),
        ("251", "251"),
        ("a text", '"1"'),
    ):
        yield Hostile(f"first as {name}", "{ parties(first: " + value + ") { nodes { id } } }")


def _pages() -> Iterator[Hostile]:
    for first in (60, 250):
        addresses = f"addresses(first: {first}) {{ nodes {{ id }} }}"
        deep = f"parties(first: {first}) {{ nodes {{ roles(first: {first}) {{ nodes {{ party {{ {addresses} }} }} }} }} }}"
        yield Hostile(f"pages of {first} in pages in pages", "{ " + deep + " }")
        yield Hostile(f"pages of {first} in pages in pages, many times", "{ " + _many(20, "a#: " + deep) + " }")
        variable = deep.replace(str(first), "$n")
        yield Hostile(f"pages of {first} by a variable", "query($n: Int!) { " + variable + " }", {"n": first})
        yield Hostile(f"pages of {first} by a default", f"query($n: Int = {first}) {{ " + variable + " }")
    cursors = (("another list's", '"bm9wZQ=="'), ("no base64", '"%%%"'), ("a long one", f'"{"A" * 8_000}"'), ("a number", "1"))
    for name, cursor in cursors:
        yield Hostile(f"a cursor: {name}", "{ parties(after: " + cursor + ") { nodes { id } } }")
    yield Hostile("from both ends", "{ parties(first: 1, last: 1) { nodes { id } } }")


def _introspection() -> Iterator[Hostile]:
    for levels in (4, 8, 40):
        deep = _nested(levels, "fields { type { ", "name", " } }")
        yield Hostile(f"{levels} levels of types", "{ __schema { types { " + deep + " } } }")
        yield Hostile(f"{levels} levels of one type", '{ __type(name: "Party") { ' + deep + " } }")
    for count in (31, 300):
        yield Hostile(f"{count} times the schema", "{ " + _many(count, "a#: __schema { types { name } }") + " }")
        yield Hostile(f"{count} types", "{ " + _many(count, 'a#: __type(name: "Party") { name }') + " }")
    yield Hostile("a type of no name", "{ __type { name } }")
    yield Hostile("the schema of a type", "{ parties { nodes { __schema { types { name } } } } }")


def _operations() -> Iterator[Hostile]:
    for count in (2, 100, 900):
        yield Hostile(f"{count} operations without a choice", _many(count, "query Q# { __typename }"))
        yield Hostile(f"{count} operations of one name", "query Q { __typename } " * count)
        yield Hostile(f"{count} nameless operations", "{ __typename } " * count)
    for count in (100, 900):
        yield Hostile(f"{count} variables that nobody uses", "query(" + _many(count, "$v#: Int") + ") { __typename }")
        yield Hostile(f"{count} variables that are not there", "{ parties(" + _many(count, "a#: $v#") + ") { totalCount } }")
        yield Hostile(f"{count} times one variable", "query(" + "$v: Int " * count + ") { parties(first: $v) { totalCount } }")
        yield Hostile(f"{count} unknown types of variables", "query(" + _many(count, "$v#: Nope#") + ") { __typename }")


def _variables() -> Iterator[Hostile]:
    filtered = "query($f: PartyFilter) { parties(filter: $f) { totalCount } }"
    for levels in (6, 13, 200):
        value: dict[str, Any] = {"name": {"eq": "x"}}
        for _ in range(levels):
            value = {"not": value}
        yield Hostile(f"{levels} times not in a variable", filtered, {"f": value})
    yield Hostile("400000 numbers in a variable", filtered, {"f": {"name": {"in": [1] * 400_000}}})
    for count in (251, 900, 9_000, 15_000):
        yield Hostile(f"{count} values in a variable", filtered, {"f": {"name": {"in": [str(each) for each in range(count)]}}})
        yield Hostile(
            f"{count} alternatives in a variable", filtered, {"f": {"or": [{"name": {"eq": str(each)}} for each in range(count)]}}
        )
        yield Hostile(f"{count} unknown fields in a variable", filtered, {"f": {f"a{each}": 1 for each in range(count)}})
    created = "mutation($i: PartyCreateInput!) { partyCreate(input: $i) { node { id } } }"
    yield Hostile("9000 unknown fields of a new record", created, {"i": {f"a{each}": 1 for each in range(9_000)}})
    for count in (26, 320):
        alternatives = [{"or": [{"name": {"eq": str(each)}} for each in range(10)]} for _ in range(count)]
        yield Hostile(f"{count} times ten alternatives in a variable", filtered, {"f": {"or": alternatives}})
    for name, wrong in (("a number", 1), ("a list", [[]]), ("a text", "x"), ("true", True)):
        yield Hostile(f"{name} as a filter", filtered, {"f": wrong})
    searched = "query($s: String!) { parties(search: $s) { totalCount } }"
    for name, text in (
        ("201 characters", "x" * 201),
        ("a long text", "x" * 200_000),
        ("a NUL", "a\0b"),
        ("half a pair", "\ud800"),
    ):
        yield Hostile(f"a search for {name}", searched, {"s": text})
    yield Hostile("a search for nothing", searched)
    yield Hostile("a search for null", searched, {"s": None})
