"""Any document gets from the plan what it gets from resolving field by field."""

from datetime import date
from decimal import Decimal

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLList, get_named_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tessera.context import EVERYTHING, Actor, Reach, acting, current
from tessera.fields import new_id
from tessera.graph.answers import Request, answer
from tessera.graph.ids import encode
from tessera.graph.schemas import schema_for
from tessera.graph.shapes import ChildList, Relation
from tessera.unit_of_work import unit_of_work

from tests.graph.reference import Reference
from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book, Subject

MODULES = frozenset({"base", "library", "lending"})
OURS = ("Author", "Book", "Subject", "Loan")
ON_RECORDS = {"attachments", "audit", "comments", "customFields", "tags"}  # the reference knows no records of any kind
VALUES = {
    "String": ['"a"', '"b"', '"ab"', '"B"', '""'],
    "Decimal": ['"0"', '"1.5"', '"2"'],
    "Int": ["1", "2", "3"],
    "Date": ['"2000-01-01"', '"2001-01-01"'],
    "DateTime": ['"2020-01-01T00:00:00Z"'],
}


class Documents:
    """Draws documents over a schema, within the rights of the current actor."""

    def __init__(self, draw, schema, ids):
        self.draw, self.schema, self.ids = draw, schema, ids
        self.shapes = schema.extensions["shapes"]

    def one_of(self, choices):
        return self.draw(st.sampled_from(list(choices)))

    def often(self):
        return self.draw(st.integers(0, 2)) > 0

    def document(self):
        fields = [
            n for n, f in self.schema.query_type.fields.items() if get_named_type(f.type).name.removesuffix("Connection") in OURS
        ]
        roots = [name for name in fields if get_named_type(self.schema.query_type.fields[name].type).name.endswith("Connection")]
        name = self.one_of(roots)
        return "{ " + name + self.connection(self.schema.query_type.fields[name], 3) + " }"

    def connection(self, field, depth):
        kind = get_named_type(field.type)
        node = get_named_type(kind.fields["nodes"].type)
        made = [self.one_of(["nodes", "x: nodes"]) + self.selection(node, depth)]
        if self.often():
            made.append("totalCount")
        if not self.often():
            made.append("edges { node " + self.selection(node, depth) + " }")
        if not self.often():
            made.append("pageInfo { hasNextPage p: hasPreviousPage __typename }")
        return self.arguments(node.extensions["shape"]) + "{ " + " ".join(made) + " }"

    def arguments(self, shape):
        made = [f"{self.one_of(['first', 'last'])}: {self.draw(st.integers(1, 4))}"] if self.often() else []
        if shape.order and self.often():
            may = [n for n, column in shape.order.items() if not column.right or current().actor.may(column.right)]
            orders = [
                f"{{field: {self.one_of(may).upper()}, direction: {self.one_of(['ASC', 'DESC'])}}}"
                for _ in range(self.draw(st.integers(1, 2)))
            ]
            made.append(f"orderBy: [{', '.join(orders)}]")
        if self.often():
            made.append(f"filter: {self.filter(shape, 2)}")
        if shape.search and not self.often():
            made.append(f'search: "{self.one_of(["a", "B", "person"])}"')
        return f"({', '.join(made)})" if made else ""

    def filter(self, shape, depth):
        if depth and not self.often():
            word = self.one_of(["and", "or", "not"])
            if word == "not":
                return f"{{not: {self.filter(shape, depth - 1)}}}"
            parts = [self.filter(shape, depth - 1) for _ in range(self.draw(st.integers(0, 2)))]
            return f"{{{word}: [{', '.join(parts)}]}}"
        may = current().actor.may
        allowed = {n: m for n, m in shape.filters.items() if not m.right or may(m.right)}
        allowed = {n: m for n, m in allowed.items() if not isinstance(m, Relation) or may(m.target.permission("view"))}
        lists = {n: m for n, m in shape.members.items() if isinstance(m, ChildList) and not m.label}
        lists = {n: m for n, m in lists.items() if may(m.child.permission("view")) and not (m.right and not may(m.right))}
        if depth and lists and not self.often():
            name, word = self.one_of(lists), self.one_of(["some", "none", "every"])
            return f"{{{name}: {{{word}: {self.filter(self.shapes.of(lists[name].child), depth - 1)}}}}}"
        if not allowed or not self.often():
            return "{id: {in: [" + ", ".join(f'"{id}"' for id in self.ids[shape.name][:2]) + "]}}"
        name = self.one_of(allowed)
        if isinstance(allowed[name], Relation):
            return f"{{{name}: {self.filter(self.shapes.of(allowed[name].target), depth - 1) if depth else '{}'}}}"
        comparison = get_named_type(self.schema.type_map[f"{shape.name}Filter"].fields[name].type)
        operator = self.one_of(comparison.fields)
        kind = comparison.fields[operator].type
        leaf = get_named_type(kind)
        values = list(leaf.values) if isinstance(leaf, GraphQLEnumType) else VALUES.get(leaf.name, ["true", "false"])
        value = self.one_of(values)
        return f"{{{name}: {{{operator}: {f'[{value}]' if isinstance(kind, GraphQLList) else value}}}}}"

    def selection(self, kind, depth):
        made = []
        for name in self.draw(
            st.lists(st.sampled_from(sorted(kind.fields.keys() - ON_RECORDS)), min_size=1, max_size=4, unique=True)
        ):
            field = kind.fields[name]
            target = get_named_type(field.type)
            alias = f"a{len(made)}: " if not self.often() else ""
            if not hasattr(target, "fields"):
                made.append(alias + name)
            elif depth:
                inner = (
                    self.connection(field, depth - 1) if target.name.endswith("Connection") else self.selection(target, depth - 1)
                )
                made.append(alias + name + inner)
        if not self.often():
            made.append(f"... on {kind.name} {{ id __typename }}")
        return "{ " + (" ".join(made) or "__typename") + " }"


@pytest.fixture
def rows(inside):
    """Authors, books and what hangs on them, with equal values and holes; returns owner, unit and company."""
    owner, unit, company = new_id(), new_id(), new_id()
    with unit_of_work():
        authors = [
            Author(name=name, kind=kind, born=born, advance=advance, owner=own, unit=of, company=at)
            for name, kind, born, advance, own, of, at in [
                ("a", "person", None, Decimal("1.5"), owner, None, None),
                ("ab", "pen-name", date(2000, 1, 1), None, None, unit, None),
                ("b", "person", date(2001, 1, 1), Decimal(2), None, None, company),
                ("ba", "person", None, None, None, None, None),
            ]
        ]
        for author in authors:
            author.save()
        for number in range(10):
            editor = authors[number // 3] if number % 3 else None
            book = Book(author=authors[number % 3], editor=editor, title="ab"[number % 2] * (number % 3 + 1))
            book.price, book.pages = Decimal(number % 3), [None, 1, 2][number % 3]
            book.state = ["draft", "printed"][number % 2]
            book.save()
            if number % 2:
                loan = Loan(book=book, reader="ab"[number % 2 :], due=date(2000 + number % 2, 1, 1))
                loan.save()
                book.last_loan = loan.pk if number % 3 else new_id()
                book.save()
            for word in "abc"[: number % 4]:
                Subject(book=book, word=word).save()
    ids = {
        model.__name__: [encode(model.__name__, row.pk) for row in model.objects.all()] for model in (Author, Book, Subject, Loan)
    }
    return owner, unit, company, ids


@st.composite
def grants(draw, unit, company):
    reaches = [
        None,
        EVERYTHING,
        EVERYTHING,
        Reach(own=True),
        Reach(units=frozenset([unit])),
        Reach(own=True, companies=frozenset([company])),
    ]
    nouns = ["library.author_view", "library.book_view", "library.subject_view", "lending.loan_view", "library.author_advance"]
    return {noun: reach for noun in nouns if (reach := draw(st.sampled_from(reaches))) is not None}


@pytest.fixture(scope="module")
def reference():
    return Reference(MODULES)


@pytest.mark.safety
def test_the_plan_and_the_plain_resolution_agree(rows, reference, count):
    @settings(
        max_examples=count("documents", 150, 5_000),
        derandomize=not count.long,  # the many are drawn anew each time
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data())
    def agree(data):
        owner, unit, company, ids = rows
        actor = Actor(kind="member", member_id=owner, name="bob", grants=data.draw(grants(unit, company)))
        schema = schema_for(MODULES)
        with acting(actor):
            text = Documents(data.draw, schema, ids).document()
            planned = answer(schema, MODULES, Request(text, {})).body
            plain = reference.run(text)
        if planned.get("errors", [{}])[0].get("extensions", {}).get("code") == "TOO_COMPLEX":
            return
        expected = orjson.loads(orjson.dumps(plain.data))
        assert orjson.loads(orjson.dumps(planned.get("data"))) == expected, text
        found = [error["extensions"]["code"] for error in planned.get("errors", ())]
        assert found == [error.original_error.code for error in plain.errors or ()], text

    agree()
