"""A page that is far on reads what the first one does."""

import orjson
import pytest
from django.db import connection
from tessera.db.prepared import Prepared, run
from tessera.db.roles import as_owner
from tessera.graph import sent as sending
from tessera.testing.rows import Rows
from tessera.unit_of_work import unit_of_work

from modules.base.models import Party
from tests.graph.test_statements import asked

PARTIES = """query($after: String) { parties(first: 50, after: $after, orderBy: [{field: NAME}]) {
    nodes { name salesOrders(first: 3) { nodes { number } } } pageInfo { endCursor hasNextPage } } }"""
ROWS = 1_500


@pytest.fixture
def crowd(inside):
    """Many parties, and what PostgreSQL knows of them."""
    with unit_of_work():
        party = Rows("AMBER").row(Party)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO base_party SELECT n.* FROM base_party t, generate_series(1, %s) c,
               jsonb_populate_record(NULL::base_party, to_jsonb(t) || jsonb_build_object(
                   'id', md5('party ' || c)::uuid, 'code', 'B' || c, 'name', 'Customer ' || lpad(c::text, 6, '0'),
                   'external_id', 'E' || c)) n
               WHERE t.id = %s""",
            [ROWS, party.pk],
        )
        with as_owner():
            cursor.execute("ANALYZE base_party")


def visited(plan):
    """Return how many rows of parties a plan looked at, those included that it then left out."""
    mine = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if plan.get("Relation Name") == "base_party" else 0
    return mine * plan["Actual Loops"] + sum(visited(each) for each in plan.get("Plans", ()))


def test_a_late_page_reads_no_more_rows_than_the_first(crowd, monkeypatch):
    sent = []
    monkeypatch.setattr(sending, "run", lambda alias, text, given: sent.append((text, given)) or run(alias, text, given))
    cursor, names = None, []
    while cursor or not names:
        page = orjson.loads(asked(PARTIES, after=cursor))["data"]["parties"]
        names += [node["name"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert len(names) == len(set(names)) == ROWS + 1
    looked = []
    for text, given in (sent[0], sent[1], sent[len(sent) // 2], sent[-2]):
        (explained,) = run("default", Prepared(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"), given).fetchone()
        looked.append(visited(explained[0]["Plan"]))
    assert looked[0] == 51
    assert max(looked) <= 52, looked
