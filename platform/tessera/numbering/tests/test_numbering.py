"""Numbers come late, without a gap, in series of any scope, in any pattern."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connections

from tessera.context import system
from tessera.numbering.models import NumberSeries
from tessera.numbering.services import assign_number, render
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

DAY = date(2026, 3, 9)


class Paper(SimpleNamespace):
    """Something that gets a number."""

    def save(self, update_fields):
        self.saved = update_fields


def numbered(*scopes, pattern="{n}", **options):
    """Number one paper per scope in one unit of work; return the numbers."""
    with unit_of_work():
        papers = [Paper() for _ in scopes]
        for paper, scope in zip(papers, scopes, strict=True):
            assign_number(paper, scope=scope, pattern=pattern, on=DAY, **options)
        assert not any(hasattr(paper, "number") for paper in papers), "not before the end"
    assert [paper.saved for paper in papers] == [["number"]] * len(papers)
    return [paper.number for paper in papers]


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("{n}", "7"),
        ("{n:05}", "00007"),
        ("SO-{year}-{n:05}", "SO-2026-00007"),
        ("京财〔{year}〕{n}号", "京财〔2026〕7号"),
        ("记-{month:02}-{n:03}", "记-03-007"),
        ("{fiscal_year}/{period:02}/{n}", "2025/12/7"),
        ("{day}.{month}. {n}", "9.3. 7"),
        ("{n.__class__} {n!r} {n:>999999999} {unknown} {0} {", "{n.__class__} {n!r} {n:>999999999} {unknown} {0} {"),
    ],
)
def test_a_pattern_is_filled_and_nothing_in_it_is_computed(pattern, number):
    assert render(pattern, 7, DAY, {"fiscal_year": 2025, "period": 12}) == number


def test_each_scope_counts_by_itself(inside):
    scopes = [("invoice", "A", 2026), ("invoice", "B", 2026), ("invoice", "A", 2026), ("invoice", "A", 2026, 3)]
    assert numbered(*scopes) == ["1", "1", "2", "1"]
    assert numbered(("invoice", "A", 2026)) == ["3"]


def test_a_fiscal_year_and_month_are_named_by_who_knows_them(inside):
    names = {"fiscal_year": 2025, "period": 12}
    assert numbered(("entry", 2025, 12), pattern="{fiscal_year}-{period:02}-{n}", names=names) == ["2025-12-1"]


def test_a_unit_that_fails_gives_its_numbers_back(inside):
    assert numbered(("order",)) == ["1"]
    with pytest.raises(ZeroDivisionError), unit_of_work():
        assign_number(Paper(), scope=("order",), pattern="{n}", on=DAY)
        raise ZeroDivisionError
    assert numbered(("order",)) == ["2"]


def test_the_pattern_that_a_series_began_with_stays(inside):
    assert numbered(("order",), pattern="A{n}") == ["A1"]
    assert numbered(("order",), pattern="B{n}") == ["A2"]


@pytest.mark.committed
def test_many_at_once_make_no_gap_and_no_number_twice(tenant):
    def take(_turn):
        try:
            with entered(tenant, actor=system("test")):
                return numbered(("order",), ("invoice",), ("order",))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as crowd:
        taken = list(crowd.map(take, range(20)))
    assert sorted(int(n) for orders in taken for n in (orders[0], orders[2])) == list(range(1, 41))
    assert sorted(int(orders[1]) for orders in taken) == list(range(1, 21))
    with entered(tenant, actor=system("test")):
        assert dict(NumberSeries.objects.values_list("scope", "last")) == {"order": 40, "invoice": 20}
