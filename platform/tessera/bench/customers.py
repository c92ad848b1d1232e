"""List fifty customers, each with its contact and its last three orders, over HTTP as a signed-in person."""

import random
from typing import Any
from urllib.parse import urlencode

import orjson

from tessera.bench.load import ask, drive, request
from tessera.bench.measures import Benchmark, Measured
from tessera.bench.servers import FLOOR, PRODUCT, serving
from tessera.bench.stage import Stage, token_of
from tessera.graph.ids import decode

PAGES, TURNS, SECONDS = 100, 9, 1.5
LIST = """
query Customers($after: String) {
  parties(first: 50, after: $after, orderBy: [{field: NAME}]) {
    nodes {
      id code name kind
      contactPoints(first: 1) { nodes { kind value } }
      salesOrders(first: 3, orderBy: [{field: DOCUMENT_DATE, direction: DESC}]) {
        nodes { id number state documentDate grossTotal currency }
      }
    }
  }
}
"""
CURSORS = "query Pages($after: String) { parties(first: 50, after: $after, orderBy: [{field: NAME}]) { pageInfo { endCursor } } }"


def run(stage: Stage) -> Measured:
    """Load both servers in turns with random pages; every page is checked to be the same from both."""
    shop = stage.shop
    stage.tell(", ".join(f"{count:,} {name}" for name, count in shop.crowd.items()))
    with serving(PRODUCT) as product, serving(FLOOR, BENCH_SCHEMA=shop.tenant.schema_name) as floor:
        pages = _pages(stage, product)
        for asked, raw in pages:
            answer, same = orjson.loads(ask(product, asked)), orjson.loads(ask(floor, raw))
            if answer["data"] != same["data"]:
                raise AssertionError(f"product and floor differ: {str(answer)[:400]} {str(same)[:400]}")
        stage.tell(f"{len(pages)} pages are the same, {len(ask(floor, pages[0][1])):,} bytes each")
        found: tuple[list[float], list[float]] = ([], [])
        n = 0
        for turn in range(TURNS):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                answered, spent = drive((product, floor)[side], [page[side] for page in pages], seconds=SECONDS)
                found[side].append(spent / answered)
                n += answered if side == 0 else 0
    return Measured(*found, n=n)


def _pages(stage: Stage, product: int) -> list[tuple[bytes, bytes]]:
    """Return the requests for random pages, of the product and of the floor."""
    shop = stage.shop
    host = f"{shop.tenant.slug}.localhost"
    bearer = [f"Authorization: Bearer {token_of(shop.tenant, shop.member)}"]

    def graphql(text: str, **variables: Any) -> bytes:
        return request("/graphql", host, body=orjson.dumps({"query": text, "variables": variables}), headers=bearer)

    after, pages = None, []
    for _ in range(PAGES):
        answer = orjson.loads(ask(product, graphql(LIST, after=after)))
        last = answer["data"]["parties"]["nodes"][-1]
        after = orjson.loads(ask(product, graphql(CURSORS, after=after)))["data"]["parties"]["pageInfo"]["endCursor"]
        raw = request(f"/customers?{urlencode({'name': last['name'], 'id': decode(last['id'])[1]})}", host)
        pages.append((graphql(LIST, after=after), raw))
    random.Random(1).shuffle(pages)  # noqa: S311  (not a secret)
    return pages


BENCHMARK = Benchmark(
    "list 50 customers over HTTP", "a bare WSGI view with one prepared statement, psycopg and orjson", "/s", 0.5, run
)
