"""`manage.py bench` writes what it measured; how fast that was is no matter of tests."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from tenants.models import Tenant
from tessera.bench import hand_over
from tessera.bench.footprint import Footprint, Replay
from tessera.bench.lists import as_product
from tessera.bench.load import Answer, paced, request
from tessera.bench.measures import Benchmark, Measured, within
from tessera.bench.programme import BENCHMARKS, chosen
from tessera.bench.report import save, table
from tessera.bench.shop import Copy, keys_checked_at_once
from tessera.bench.stage import Stage
from tessera.context import system
from tessera.numbering.models import NumberSeries, VoidedNumber
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

KEY = "md5('series ' || c)::uuid"
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


def test_a_limit_stands_in_the_place_of_a_floor():
    found = Benchmark("a", "the limit", "MB", 1, lambda _stage: within([4.0, 6.0, 5.0], 10)).result(None)
    assert (found["value"], found["baseline"], found["ratio"], found["n"]) == (5.0, 10.0, 2.0, 3)


def test_amounts_are_shown_in_their_unit_and_times_by_it():
    def shown(unit):
        found = Benchmark("a", "b", unit, 1, lambda _stage: Measured([0.02], [0.01], n=1)).result(None)
        return found["value"], found["baseline"]

    assert (shown("ms"), shown("/s"), shown("KB")) == ((20.0, 10.0), (50.0, 100.0), (0.02, 0.01))


def test_what_several_measure_together_is_measured_once():
    stage, asked = Stage(print), []
    measure = asked.append
    stage.once(measure)
    stage.once(measure)
    assert asked == [stage]


def test_every_benchmark_has_a_name_of_its_own_that_can_be_chosen():
    names = [each.name for each in BENCHMARKS]
    assert len(set(names)) == len(names)
    assert [each.name for each in chosen(["page 2,000"])] == ["page 2,000 of customers"]


def test_an_answer_of_a_peer_is_compared_in_the_form_of_the_products():
    theirs = {
        "parties": {
            "edges": [
                {
                    "node": {
                        "kind": "person",
                        "salesOrders": {"edges": [{"node": {"grossTotal": "72.5000", "number": None}}]},
                    }
                }
            ]
        }
    }
    ours = {"parties": {"nodes": [{"kind": "PERSON", "salesOrders": {"nodes": [{"grossTotal": "72.5", "number": None}]}}]}}
    assert as_product(theirs) == ours


def test_an_answer_with_another_status_is_an_error_unless_any_is_taken():
    text = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
    with pytest.raises(ConnectionError, match="400"):
        Answer().take(text)
    parts = Answer()
    assert not parts.take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    assert parts.take(b"0\r\n\r\n")
    taken = Answer(status=None)
    assert taken.take(text) is True
    assert taken.body == b"{}"


def test_waiting_counts_from_the_planned_moment_also_for_who_comes_while_nobody_answers():
    class Slow(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        first = True

        def do_GET(self):
            if Slow.first:
                Slow.first = False
                time.sleep(0.2)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Slow)  # one at a time
    server.handle_error = lambda *_: None
    # allow raw-thread: this server has no tenants
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        messages = [request("/", "localhost", headers=["Connection: close"])] * 4
        took = paced(server.server_address[1], messages, pace=50.0)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert len(took) == 4
    assert all(waited > 0.13 for waited in took)  # the last was to be sent 60 ms after the first


@pytest.mark.committed
def test_rows_are_copied_with_every_column_and_their_keys_are_checked(tenant):
    with entered(tenant, actor=system("bench")), connections["default"].cursor() as cursor:
        with unit_of_work():
            NumberSeries(scope="bench", pattern="{n}", last=7).save()
        copy = Copy(
            "numbering_numberseries", "t.scope = %(scope)s", "generate_series(1, 3) c", {"id": KEY, "scope": "'copy ' || c"}
        )
        with keys_checked_at_once(cursor, "numbering_numberseries"):
            cursor.execute(copy.statement(cursor), {"scope": "bench"})
        made = NumberSeries.objects.filter(scope__startswith="copy ").order_by("scope").values_list("scope", "pattern", "last")
        assert list(made) == [("copy 1", "{n}", 7), ("copy 2", "{n}", 7), ("copy 3", "{n}", 7)]
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT conenforced")
        assert cursor.fetchone() == (0,)
