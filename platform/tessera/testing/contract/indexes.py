"""Lists stay fast however long they grow: what they are ordered and searched by has an index that PostgreSQL can use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections, models

from tessera.graph.paging import usual_order
from tessera.graph.shapes import ChildList, Shape, Shapes, column_of
from tessera.module import modules
from tessera.ordering import greatest_of
from tessera.testing.contract.parts import Part

INDEXES = """
    SELECT t.relname, a.amname, i.indisunique,
           ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) k),
           ARRAY(SELECT unnest(i.indoption::int2[]))
      FROM pg_index i
      JOIN pg_class t ON t.oid = i.indrelid
      JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_am a ON a.oid = c.relam
     WHERE t.relnamespace = current_schema()::regnamespace AND i.indisvalid AND i.indpred IS NULL
"""


@dataclass(frozen=True)
class Held:
    """An index over all rows of a table: its method, its keys as PostgreSQL spells them, how each is ordered."""

    method: str
    unique: bool
    keys: tuple[str, ...]
    options: tuple[int, ...]

    def serves(self, terms: tuple[str, ...]) -> bool:
        """Say whether rows come out of this index in the order of `terms`, the last of which is the key.

        One that is unique by what stands before the key has no ties to break: that is the same order.
        """
        if self.method != "btree" or len(set(self.options[: len(terms)])) > 1:
            return False
        return self.keys[: len(terms)] == terms or (self.unique and self.keys == terms[:-1])


def indexes_here() -> dict[str, list[Held]]:
    """Return the indexes of the tenant in force by table."""
    found: dict[str, list[Held]] = {}
    with connections["default"].cursor() as cursor:
        cursor.execute(INDEXES)
        for table, method, unique, keys, options in cursor.fetchall():
            found.setdefault(table, []).append(Held(method, unique, tuple(map(spelled, keys)), tuple(options)))
    return found


def spelled(key: str) -> str:
    """Return a key of an index without what PostgreSQL adds or leaves out: quotes, brackets, casts of text, the schema of functions."""
    for added in ('"', "(", ")", "::text", "::character varying", "ext."):
        key = key.replace(added, "")
    return key


def term(column: models.Field) -> str:
    """Return how a list is ordered for a column, spelled as `spelled` does."""
    return spelled(f"COALESCE({column.column}, {greatest_of(column)})" if column.null else column.column)


def terms_of(columns: Iterable[models.Field]) -> tuple[str, ...]:
    """Return how a list is ordered for columns, up to the key."""
    return (*(term(column) for column in columns if not column.primary_key), "id")


def lists_come_in_order(part: Part) -> Iterator[str]:
    """Every order that a resource declares, and the one that it has where none is asked for, is one that an index gives."""
    yield from out_of_order(own_shapes(part))


def nested_lists_come_in_order(part: Part) -> Iterator[str]:
    """A nested list comes in its usual order out of an index with its key, unless its rows are parts that go with their parent."""
    yield from nested_out_of_order(own_shapes(part))


def searched_columns_are_indexed(part: Part) -> Iterator[str]:
    """What a resource is searched by stands in one index of search, column by column."""
    yield from unsearched(own_shapes(part))


def own_shapes(part: Part) -> list[Shape]:
    """Return the module's resources as they are with all that it needs."""
    return [shape for shape in Shapes(part.closure) if shape.resource.module == part.label]


def out_of_order(shapes: Iterable[Shape]) -> Iterator[str]:
    """Yield what no index of the tenant in force gives of the orders of root lists."""
    indexes = indexes_here()
    for shape in shapes:
        orders = [[column.field] for column in shape.order.values()]
        if usual := [column for column, _ in usual_order(shape)]:
            orders.append(usual)
        for columns in orders:
            if not any(index.serves(terms_of(columns)) for index in indexes.get(shape.model._meta.db_table, ())):
                yield f"{shape.name} by {columns[0].name}: add models.Index({spell_out(columns)}) to {shape.model.__name__}"


def nested_out_of_order(shapes: Iterable[Shape]) -> Iterator[str]:
    """Yield what no index of the tenant in force gives of nested lists, by the resources whose rows are nested."""
    indexes = indexes_here()
    wanted = {shape.name: shape for shape in shapes}
    for parent in Shapes(frozenset(modules())):
        for member in parent.members.values():
            if not isinstance(member, ChildList) or (child := wanted.get(member.child.name)) is None:
                continue
            key = column_of(child.model, member.key)
            usual = [column for column, _ in usual_order(child)]
            leading = (key.column, *terms_of(usual))
            ways = (("label", *leading), leading) if member.label else (leading,)
            held = indexes.get(child.model._meta.db_table, ())
            if not is_part(key) and not any(index.serves(way) for index in held for way in ways):
                yield f"{parent.name}.{member.name}: add models.Index({spell_out([key, *usual])}) to {child.model.__name__}"


def unsearched(shapes: Iterable[Shape]) -> Iterator[str]:
    """Yield what no index of the tenant in force has of the searched columns."""
    indexes = indexes_here()
    for shape in shapes:
        names = [column.field.name for column in shape.search]
        wanted = {spelled(f"ext.search_vector({column.field.column})") for column in shape.search}
        held = [index for index in indexes.get(shape.model._meta.db_table, ()) if index.method == "gin"]
        if names and not any(wanted <= set(index.keys) for index in held):
            spelt = ", ".join(f'"{name}"' for name in names)
            yield f"{shape.name} is searched by {', '.join(names)}: add search_index({spelt}, name=...) to {shape.model.__name__}"


def is_part(key: models.Field) -> bool:
    """Say whether rows go with what this key points to: there are no more of them than fit on a document."""
    return bool(key.remote_field) and key.remote_field.on_delete is models.CASCADE


def spell_out(columns: Iterable[Any]) -> str:
    """Return the arguments of the index that is missing."""
    named = [f'OrGreatest("{each.name}")' if each.null and not each.is_relation else f'"{each.name}"' for each in columns]
    if any(each.startswith("O") for each in named):
        return ", ".join([*named, '"id"', "name=..."])
    return f"fields=[{', '.join([*named, chr(34) + 'id' + chr(34)])}], name=..."
