"""What lists are ordered by has an index: the kernel's own resources, and the check by itself."""

from decimal import Decimal

import pytest
from django.db import connections
from tessera.db.roles import as_owner
from tessera.graph.paging import page_of
from tessera.graph.schemas import schema_for
from tessera.graph.shapes import Shapes
from tessera.module import modules
from tessera.scope import scoped
from tessera.testing.contract.indexes import nested_out_of_order, out_of_order, unsearched
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author, Book

SAMPLES = ("library", "lending")


def own(*labels):
    return [shape for shape in Shapes(frozenset(modules())) if shape.resource.module in labels]


def test_the_kernels_lists_come_in_order(inside):
    kernel = [shape for shape in Shapes(frozenset(modules())) if shape.resource.module not in modules()]
    assert len(kernel) > 10
    assert [*out_of_order(kernel), *nested_out_of_order(kernel), *unsearched(kernel)] == []


def test_the_samples_lists_come_in_order(inside):
    assert [*out_of_order(own(*SAMPLES)), *nested_out_of_order(own(*SAMPLES))] == []


@pytest.mark.parametrize(
    ("index", "put", "problems"),
    [
        ("book_by_title", "", ['Book by title: add models.Index(fields=["title", "id"], name=...) to Book']),
        ("book_by_pages", "", ['Book by pages: add models.Index(OrGreatest("pages"), "id", name=...) to Book']),
        ("book_by_title", "(title)", ['Book by title: add models.Index(fields=["title", "id"], name=...) to Book']),
        ("book_by_title", "(title, id) WHERE pages > 1", ['Book by title: add models.Index(fields=["title", "id"], name=...) to Book']),
        ("book_by_title", "(title, id DESC)", ['Book by title: add models.Index(fields=["title", "id"], name=...) to Book']),
        ("book_by_pages", "(pages, id)", ['Book by pages: add models.Index(OrGreatest("pages"), "id", name=...) to Book']),
        ("book_by_title", "(title DESC, id DESC)", []),
        ("book_search", "", ['Book is searched by title: add search_index("title", name=...) to Book']),
        ("book_search", "USING gin (ext.search_vector(number))", ['Book is searched by title: add search_index("title", name=...) to Book']),
        ("book_search", "USING gin (ext.search_vector(number), ext.search_vector(title))", []),
        ("book_by_author", "(author_id)", ['Author.books: add models.Index(fields=["author", "id"], name=...) to Book']),
    ],
)  # fmt: skip
def test_an_order_without_its_index_is_named(inside, index, put, problems):
    with as_owner(), connections["default"].cursor() as cursor:
        cursor.execute(f'DROP INDEX "{index}"')
        if put:
            cursor.execute(f"CREATE INDEX planted ON library_book {put}")
    shapes = own(*SAMPLES)
    assert [*out_of_order(shapes), *nested_out_of_order(shapes), *unsearched(shapes)] == problems


def test_a_later_page_is_a_range_of_the_index(inside, ask):
    """Without sequential scans PostgreSQL tells which index it would use, and from which row on."""
    shape = schema_for(inside.modules).extensions["shapes"].by_name["Book"]
    with unit_of_work():
        author = Author(name="Ann")
        author.save()
        for number in range(20):
            Book(author=author, title=f"{number:02}", pages=None if number % 2 else number, price=Decimal(number)).save()
    for field, index in (("title", "book_by_title"), ("pages", "book_by_pages")):
        for direction in ("ASC", "DESC"):
            for way in ("after", "before"):
                order = {"orderBy": [{"field": field, "direction": direction}]}
                text = f"{{ books(first: 9, orderBy: [{{field: {field.upper()}, direction: {direction}}}]) {{ pageInfo {{ endCursor }} }} }}"
                page = page_of(shape, {way: ask(text).data["books"]["pageInfo"]["endCursor"], **order})
                rows = scoped(shape.resource).filter(page.bounds).order_by(*page.ordering())[:5]
                with connections["default"].cursor() as cursor:
                    cursor.execute("SET LOCAL enable_seqscan = off")
                    cursor.execute("SET LOCAL enable_bitmapscan = off")
                plan = rows.explain()
                assert index in plan and "Index Cond: (ROW(" in plan, plan
                assert "Sort" not in plan and "Filter" not in plan, plan
