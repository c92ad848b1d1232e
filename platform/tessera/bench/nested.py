"""A list four levels deep: customers, their orders, the lines of these, and the item of each, in this process."""

from typing import Any

import orjson
import psycopg

from tessera.bench.floor import identified
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, inside, raw
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request

NESTED = """
query Nested {
  parties(first: 20, filter: {code: {startsWith: "B"}}, orderBy: [{field: NAME}]) {
    nodes {
      id name
      salesOrders(first: 5, orderBy: [{field: DOCUMENT_DATE}]) {
        nodes { id number lines(first: 4, orderBy: [{field: POSITION}]) { nodes { id description item { id code } } } }
      }
    }
  }
}
"""
CUSTOMERS = "SELECT id, name FROM base_party WHERE code LIKE 'B%%' ORDER BY name, id LIMIT 20"
ORDERS = """
SELECT o.id, o.number, o.party_id FROM unnest(%s::uuid[]) p, LATERAL (
    SELECT id, number, party_id, document_date FROM orders_salesorder WHERE party_id = p ORDER BY document_date, id LIMIT 5
) o ORDER BY o.document_date, o.id
"""
LINES = """
SELECT l.id, l.description, l.item_id, l.document_id FROM unnest(%s::uuid[]) d, LATERAL (
    SELECT id, description, item_id, document_id, position FROM orders_salesorderline
    WHERE document_id = d ORDER BY position, id LIMIT 4
) l ORDER BY l.position, l.id
"""
ITEMS = "SELECT id, code FROM base_item WHERE id = ANY(%s)"


def run(stage: Stage) -> Measured:
    """Answer as a signed-in person, parsing and rights included; the floor is one prepared statement for each level."""
    shop = stage.shop
    stage.tell(", ".join(f"{count:,} {name}" for name, count in shop.crowd.items()))
    with inside(shop.tenant, shop.member), raw(shop.tenant.schema_name) as own:

        def ask() -> bytes:
            return orjson.dumps(answer_here(Request(NESTED, {})).body)

        def floor() -> bytes:
            return orjson.dumps({"data": customers(own)})

        if orjson.loads(ask()) != orjson.loads(floor()):
            raise AssertionError(f"product and floor differ: {ask()[:400]!r} {floor()[:400]!r}")
        stage.tell(f"{len(ask()):,} bytes; {stage.statements(ask)} statements for 4 levels")
        return in_turns(ask, floor, turns=25, each=4, warm=3)


def customers(own: psycopg.Connection) -> dict[str, Any]:
    """Return the page as the product answers it, by one statement a level."""
    parties = own.execute(CUSTOMERS).fetchall()
    orders = own.execute(ORDERS, [[key for key, _ in parties]]).fetchall()
    lines = own.execute(LINES, [[key for key, *_ in orders]]).fetchall()
    items = {
        key: {"id": identified("Item", key), "code": code} for key, code in own.execute(ITEMS, [list({r[2] for r in lines})])
    }
    lines_of: dict[Any, list[Any]] = {key: [] for key, *_ in orders}
    for key, description, item, document in lines:
        line = {"id": identified("SalesOrderLine", key), "description": description, "item": items[item]}
        lines_of[document].append(line)
    orders_of: dict[Any, list[Any]] = {key: [] for key, _ in parties}
    for key, number, party in orders:
        orders_of[party].append({"id": identified("SalesOrder", key), "number": number, "lines": {"nodes": lines_of[key]}})
    nodes = [{"id": identified("Party", key), "name": name, "salesOrders": {"nodes": orders_of[key]}} for key, name in parties]
    return {"parties": {"nodes": nodes}}


BENCHMARK = Benchmark("nested list, 4 levels", "one prepared statement a level, psycopg and orjson", "ms", 0.5, run)
