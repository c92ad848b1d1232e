"""The feed of changes is read from where its reader is, however much came before."""

import json

from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.changes.cursor import Cursor
from tessera.changes.feed import every_label, read_feed

FILL = """
INSERT INTO audit_auditentry (id, label, record, verb, actor_kind, actor_name, request, before, after, recorded_at, transaction)
SELECT gen_random_uuid(), 'library.Author', gen_random_uuid(), 'update', 'system', '', gen_random_uuid(), '{}', '{}', now(),
       (%s + number / 3)::text::xid8 FROM generate_series(1, 30000) AS number
"""
MOST_BLOCKS = 90  # 51 rows, each in a page of its own at the worst, and the ways down an index; all rows lie in hundreds
FAR = 10_000_000_000  # where no transaction of these servers has come to


def test_the_end_of_the_feed_costs_as_little_as_its_beginning(inside):
    with connections["default"].cursor() as cursor:
        cursor.execute(FILL, [FAR])
        cursor.execute("ANALYZE audit_auditentry")
        for seen, told in ((FAR - 50, 51), (FAR + 8_900, 51), (FAR + 9_990, 31)):
            place = Cursor(epoch="", since=0, seen=f"{seen}:{seen}:", upto=f"{FAR + 99_999}:{FAR + 99_999}:", kinds="", rights={})
            with CaptureQueriesContext(connections["default"]) as sent:
                assert len(read_feed(place, every_label(), 51).entries) == told
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sent.captured_queries[-1]["sql"])
            (found,) = cursor.fetchone()
            plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < MOST_BLOCKS, seen
