"""Every list in groups: by each key, with each measure, in each order, and of what a filter or a search leaves."""

from collections.abc import Iterable, Iterator

from graphql import GraphQLField

from tessera.graph.aggregate_types import MOST_KEYS, currency_path, keys_of, measures_of, orders_of
from tessera.graph.aggregates import MOST_ORDERS
from tessera.graph.names import constant
from tessera.graph.shapes import Shape
from tessera.resource import camel
from tessera.testing.probing import quoted

FIRST = "first: 20"


def groups_of(name: str, field: GraphQLField, ids: str, words: Iterable[str]) -> Iterator[str]:
    """Yield the selections on one root field; `ids` are those that its filter names, `words` are looked for."""
    shape: Shape = field.extensions["aggregate"]
    keys, orders = keys_of(shape), orders_of(shape)
    protected = {each for each, key in keys.items() if key.member and key.member.right}
    for wanted in (*batched([each for each in keys if each not in protected], MOST_KEYS), *((each,) for each in protected)):
        ordered = _ordered(constant(each) for each in wanted)
        yield f"{name}({FIRST}, groupBy: [{_named(wanted)}], {ordered}) {{ count key {{ {' '.join(wanted)} }} }}"
    for (currency, _), measured in _together(shape).items():
        by = f", groupBy: [{constant(currency)}]" if currency else ""
        for words in batched([each for each, (kind, of) in orders.items() if of in measured and kind != "key"], MOST_ORDERS):
            shown = " ".join(f"{orders[each][0]} {{ {orders[each][1]} }}" for each in words)
            yield f"{name}({FIRST}{by}, {_ordered(constant(each) for each in words)}) {{ count {shown} }}"
    yield f"{name}({FIRST}, filter: {{id: {{in: [{ids}]}}}}, {_ordered(['COUNT'])}) {{ count }}"
    if shape.search:
        yield from (f"{name}({FIRST}, search: {quoted(word)}) {{ count }}" for word in words)


def batched(names: Iterable[str], most: int) -> Iterator[tuple[str, ...]]:
    """Yield names, at most so many at a time."""
    every = tuple(names)
    yield from (every[start : start + most] for start in range(0, len(every), most))


def _together(shape: Shape) -> dict[tuple[str, str], set[str]]:
    """Return the measures that one question can ask for, by the key of their currency; a protected one by itself."""
    found: dict[tuple[str, str], set[str]] = {}
    for name, column in measures_of(shape).items():
        currency = camel(currency_path(shape, column).replace("__", "_"))
        found.setdefault((currency, name if column.right else ""), set()).add(name)
    return found


def _named(names: Iterable[str]) -> str:
    return ", ".join(constant(each) for each in names)


def _ordered(names: Iterable[str]) -> str:
    return "orderBy: [" + ", ".join(f"{{field: {each}, direction: DESC}}" for each in names) + "]"
