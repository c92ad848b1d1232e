"""One document serves every tenant that has what it names, and nobody else."""

from dataclasses import replace
from itertools import count
from random import Random

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, is_required_argument, is_required_input_field
from tessera.context import current, enter, instead, system
from tessera.graph import requests, schemas
from tessera.graph.answers import answer_here
from tessera.graph.build import build
from tessera.graph.ids import encode
from tessera.graph.needs import needs, things, whole_schema
from tessera.graph.requests import Request, documents
from tessera.module import closure, modules
from tessera.unit_of_work import unit_of_work

from tests.samples.lending.models import Loan
from tests.samples.library.models import Author, Book

ALONE = frozenset({"base", "library"})
SETS, DOCUMENTS = 300, 200


def some_sets(number):
    """Return different closed sets of modules, always the same ones."""
    random, found = Random(1), {closure([]), frozenset(modules())}
    labels = sorted(modules())
    for _ in range(100 * number):
        if len(found) >= number:
            break
        found.add(closure(random.sample(labels, random.randrange(len(labels)))))
    return sorted(found, key=sorted)[:number]


@pytest.mark.parametrize("on", [closure([label]) for label in sorted(modules())], ids=lambda on: "+".join(sorted(on)))
def test_a_schema_is_the_whole_one_without_what_needs_other_modules(on):
    """And what is in both is the same, or optional where it is more: so a document means the same in both."""
    whole, own = whole_schema(), build(on)
    # A type that several modules share, such as the comparison of numbers, needs none of them: it is only met at fields that do.
    there = {each for each in things(whole) if each.partition(".")[0] in own.type_map}
    assert {each for each in there if needs().of(each) <= on} == set(things(own))
    assert [
        name for name, kind in whole.type_map.items() if name not in own.type_map and _is_node(kind) and needs().of(name) <= on
    ] == []
    for name, kind in own.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field, found in kind.fields.items():
                same = whole.type_map[name].fields[field]
                assert str(same.type) == str(found.type), f"{name}.{field}"
                for argument, known in same.args.items():
                    if argument in found.args:
                        assert (str(known.type), known.default_value) == (
                            str(found.args[argument].type),
                            found.args[argument].default_value,
                        )
                    else:
                        assert not is_required_argument(known), f"{name}.{field}({argument}:)"
        elif isinstance(kind, GraphQLInputObjectType):
            for field, known in whole.type_map[name].fields.items():
                if field in kind.fields:
                    assert str(known.type) == str(kind.fields[field].type), f"{name}.{field}"
                else:
                    assert not is_required_input_field(known), f"{name}.{field}"


def _is_node(kind):
    """Say whether a fragment can name a type where no field has it."""
    return isinstance(kind, GraphQLObjectType) and bool(kind.interfaces)


@pytest.fixture
def alone(tenant):
    with enter(tenant.ref(), actor=system("test"), modules=ALONE) as context:
        yield context


@pytest.fixture
def no_schema(monkeypatch):
    """Fail where the schema of a set of modules is made."""
    documents.clear()
    monkeypatch.setattr(schemas, "schemas", schemas.Schemas())
    monkeypatch.setattr(schemas, "build", lambda on: pytest.fail(f"a schema was made for {sorted(on)}"))


def body(text, **variables):
    return orjson.loads(orjson.dumps(answer_here(Request(text, variables)).body))


def test_a_document_is_validated_once_for_all_tenants_that_have_what_it_names(tenant, no_schema):
    text = "query($f: BookFilter) { books(filter: $f) { totalCount nodes { title author { name } } } }"
    before = documents.made
    for on in some_sets(40):
        if on >= ALONE:
            with enter(tenant.ref(), actor=system("test"), modules=on):
                assert body(text, f={"title": {"eq": "x"}}) == {"data": {"books": {"totalCount": 0, "nodes": []}}}
    assert documents.made == before + 1


def told(answered):
    return [[error["message"], error["extensions"], error.get("locations")] for error in answered["errors"]]


@pytest.mark.parametrize(
    "text, of_absent, of_nothing",
    [
        ("query($v: BookFilter) { books(filter: $v) { totalCount } }", {"lastLoan": {}}, {"lostLoon": {}}),
        ("query($v: BookFilter) { books(filter: $v) { totalCount } }", {"or": [{"lastLoan": {}}]}, {"or": [{"lostLoon": {}}]}),
        (
            "query($v: [BookFilter!]) { books(filter: {and: $v}) { totalCount } }",
            [{"not": {"lastLoan": {"id": {"eq": "x"}}}}],
            [{"not": {"lostLoon": {"id": {"eq": "x"}}}}],
        ),
        (
            "mutation($v: BookCreateInput!) { bookCreate(input: $v) { node { id } } }",
            {"title": "x", "lastLoan": "x"},
            {"title": "x", "lostLoon": "x"},
        ),
    ],
)
def test_an_input_field_of_an_absent_module_is_unknown_in_a_variable_too(alone, text, of_absent, of_nothing):
    with enter(alone.tenant, actor=alone.actor, modules=frozenset(modules())):
        known = body(text, v=of_absent)  # where the module is on; now it is kept
    absent, nothing = told(body(text, v=of_absent)), told(body(text, v=of_nothing))
    assert absent == orjson.loads(orjson.dumps(nothing).replace(b"lostLoon", b"lastLoan"))
    assert absent and absent != told({"errors": [], **known})


def test_a_name_of_an_absent_module_is_unknown_after_others_asked_for_it(alone):
    for text in ("{ loans { totalCount } }", "{ books { nodes { loans { totalCount } } } }", '{ greeting(name: "x") }'):
        with enter(alone.tenant, actor=alone.actor, modules=frozenset(modules())):
            assert "errors" not in body(text)
        (error,) = body(text)["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert error["message"].startswith("Cannot query field")


def test_a_row_of_an_absent_module_is_not_found(alone):
    with enter(alone.tenant, actor=alone.actor, modules=frozenset(modules())), unit_of_work():
        author = Author(name="Ann")
        author.save()
        book = Book(author=author, title="x")
        book.save()
        loan = Loan(book=book, reader="Dan", due="2026-03-31")
        loan.save()
        assert body("query($id: ID!) { node(id: $id) { id } }", id=encode("Loan", loan.pk))["data"]["node"]
    for text in ("query($id: ID!) { node(id: $id) { id } }", "query($id: ID!) { node(id: $id) { ... on Book { title } } }"):
        assert body(text, id=encode("Loan", loan.pk))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert body(text, id=encode("Book", book.pk))["data"]["node"]


def test_the_schema_of_a_tenant_answers_what_is_asked_about_it(alone):
    with enter(alone.tenant, actor=alone.actor, modules=frozenset(modules())):
        assert body('{ __type(name: "Loan") { name } }')["data"]["__type"] == {"name": "Loan"}
    assert body('{ __type(name: "Loan") { name } }')["data"]["__type"] is None
    assert body("query($n: String!) { __type(name: $n) { name } books { totalCount } }", n="Loan")["data"]["__type"] is None


def test_documents_of_many_sets_in_rotation_are_found(inside, no_schema):
    """300 sets of modules and 200 documents: each tenant asks what it has, and 99 of 100 times it was validated before."""
    shapes = list(whole_schema().extensions["shapes"])
    numbers = count()
    texts = []
    while len(texts) < DOCUMENTS:
        shape = shapes[next(numbers) % len(shapes)]
        name = shape.resource.plural[:1].lower() + shape.resource.plural[1:]
        texts.append(f"query Q{len(texts)}($after: String) {{ {name}(after: $after) {{ nodes {{ id }} }} }}")
    sets = some_sets(SETS)
    assert len(set(sets)) == SETS
    before, asked = documents.made, 0
    for on in sets:
        with instead(replace(current(), modules=on)):
            for text in texts:
                kept = documents.get(requests.WHOLE, whole_schema(), text, needs())
                if kept.needs <= on:
                    parsed = requests.parse_here(Request(text, {"after": None}))
                    assert (parsed.schema, parsed.key, parsed.document) == (whole_schema(), requests.WHOLE, kept)
                    asked += 1
    made = documents.made - before
    assert made == DOCUMENTS
    assert made <= asked // 100
    assert documents.bytes <= documents.most
    documents.clear()
