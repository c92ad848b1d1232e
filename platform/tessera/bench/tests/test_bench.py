"""`manage.py bench` writes what it measured; how fast that was is no matter of tests."""

import json

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Tenant
from tessera.bench import hand_over
from tessera.bench.footprint import Footprint, Replay
from tessera.bench.measures import Measured
from tessera.bench.report import save, table
from tessera.context import system
from tessera.numbering.models import NumberSeries, VoidedNumber
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

ROW = {"name": "a", "value": 2.0, "unit": "ms", "baseline": 1.0, "baseline_name": "b", "ratio": 0.5, "goal": 0.6, "n": 3}


@pytest.mark.committed
def test_a_benchmark_is_written_with_its_baseline_and_leaves_no_company(tenant, tmp_path, monkeypatch):
    monkeypatch.setattr(hand_over, "TURNS", 2)
    monkeypatch.setattr(hand_over, "WARM", 1)
    file = tmp_path / "benchmarks.json"
    call_command("bench", only=["tenant hand-over"], output=str(file))
    (row,) = json.loads(file.read_text())
    assert list(row) == list(ROW)
    assert (row["name"], row["unit"], row["n"]) == ("tenant hand-over", "ms", 2)
    assert row["value"] > 0 and row["baseline"] > 0 and row["ratio"] > 0
    assert not Tenant.objects.filter(slug__startswith="bench-").exists()


@pytest.mark.committed
def test_the_floor_writes_as_many_rows_as_the_product(tenant):
    def give(number):
        with unit_of_work():
            VoidedNumber(scope="bench", number=number, reason="r").save()
            NumberSeries.objects.filter(scope="bench").update_unaudited(last=int(number))

    with entered(tenant, actor=system("bench")):
        with unit_of_work():
            NumberSeries(scope="bench", pattern="{n}").save()
        footprint = Footprint(tenant.schema_name)
        with footprint.of():
            give("1")
        (call,) = footprint.calls
        assert {table: len(rows) for table, rows in call.inserted.items()} == {"audit_auditentry": 1, "numbering_voidednumber": 1}
        assert {table: len(rows) for table, rows in call.updated.items()} == {"numbering_numberseries": 1}
        floor = Replay(footprint)
        try:
            for _ in range(3):
                floor.run()
            assert floor.count("numbering_voidednumber") == VoidedNumber.objects.count() + 3
            assert floor.count("audit_auditentry") > 3
        finally:
            floor.close()


def test_a_name_that_no_benchmark_has_is_refused():
    with pytest.raises(CommandError, match="no benchmark is named 'nothing'"):
        call_command("bench", only=["nothing"])


def test_the_ratio_is_the_median_of_the_turns():
    assert Measured([2.0, 4.0, 8.0], [1.0, 1.0, 1.0], n=3).ratio == 0.25


def test_a_part_of_the_programme_keeps_the_other_results(tmp_path):
    file = tmp_path / "benchmarks.json"
    save([ROW, ROW | {"name": "z"}], file, partly=False)
    save([ROW | {"ratio": 0.7}], file, partly=True)
    assert [(row["name"], row["ratio"]) for row in json.loads(file.read_text())] == [("a", 0.7), ("z", 0.5)]


def test_the_table_says_what_is_below_its_goal():
    lines = table([ROW, ROW | {"name": "z", "ratio": 0.7}]).splitlines()
    assert [line.endswith("below  0.6   3") for line in lines[1:]] == [True, False]
