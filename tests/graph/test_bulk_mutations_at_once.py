"""Bulks that run at the same time: copies have one effect, and two over the same rows wait for each other."""

import json
import threading

import pytest
from django.db import connections
from tessera.context import enter, system
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.unit_of_work import attempt

from tests.graph.test_bulk_mutations import CREATE, UPDATE, bad
from tests.samples.library.models import Author


@pytest.mark.committed
def test_concurrent_copies_of_a_bulk_have_one_effect_and_one_answer(tenant):
    modules, copies, answers = frozenset({"base", "library", "lending"}), 4, []
    schema, ref, start = schema_for(modules), tenant.ref(), threading.Barrier(4)
    variables = {
        "items": [{"name": f"Author {number}"} for number in range(10)] + [{"name": "Author 0"}],
        "atomic": False,
        "key": "k",
    }

    def send() -> None:
        try:
            with enter(ref, actor=system("copies"), modules=modules):
                start.wait()
                answers.append(json.dumps(answer(schema, modules, Request(CREATE, variables)).body, default=str))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers))) == (copies, 1)
    assert json.loads(answers[0])["data"]["authorBulkCreate"]["userErrors"] == [bad(10, "UNIQUE", "name")]
    with enter(ref, actor=system("count"), modules=modules):
        assert Author.objects.count() == 10


@pytest.mark.committed
def test_two_bulks_over_the_same_rows_in_other_orders_do_not_meet_head_on(tenant):
    modules, answers = frozenset({"base", "library", "lending"}), []
    schema, ref, start = schema_for(modules), tenant.ref(), threading.Barrier(2)
    with enter(ref, actor=system("seed"), modules=modules):
        rows = [Author(name=f"Author {number}") for number in range(20)]
        attempt(lambda: [row.save() for row in rows])

    def write(place: int) -> None:
        try:
            with enter(ref, actor=system("write"), modules=modules):
                for turn in range(10):
                    ordered = rows if place else rows[::-1]
                    items = [{"id": encode("Author", row.pk), "input": {"born": f"19{turn}{place}-01-01"}} for row in ordered]
                    start.wait()
                    answers.append(answer(schema, modules, Request(UPDATE, {"items": items})).body)
        except BaseException:
            start.abort()
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert all("errors" not in body and body["data"]["authorBulkUpdate"]["userErrors"] == [] for body in answers)
    with enter(ref, actor=system("count"), modules=modules):
        assert set(Author.objects.values_list("version", flat=True)) == {21}
