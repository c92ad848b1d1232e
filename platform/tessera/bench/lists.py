"""The list of customers asked of five servers in turns: the product's, two floors and two peers.

The product's requests pass everything they pass in production: host, token, rights, limits, points, the switch of tenants.
The others serve one company and whoever asks. Each server is one process, so that what is compared is what a process can do and
not how the machine shares its cores out.
"""

import random
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db import connections

from tessera.bench.load import ask, drive, request
from tessera.bench.measures import Measured
from tessera.bench.servers import FLOOR, ONE_PROCESS, PRODUCT, logs, serving
from tessera.bench.stage import Stage, inside, token_of
from tessera.graph.answers import answer_here
from tessera.graph.ids import decode
from tessera.graph.requests import Request

PAGES, EACH = 100, 50
TURNS, SECONDS = 7, 1.2
ROWS, STATEMENT, PLAIN, OPTIMIZED = "rows", "statement", "plain", "optimized"  # whom the product is measured against
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
OF_PEERS = """
query Customers($after: String) {
  parties(first: 50, after: $after, orderBy: "name,id") {
    edges { node {
      id code name kind
      contactPoints(first: 1) { edges { node { kind value } } }
      salesOrders(first: 3, orderBy: "-documentDate") {
        edges { node { id number state documentDate grossTotal currency } }
      }
    } }
  }
}
"""
CURSORS = "query Pages($after: String) { parties(first: 50, after: $after, orderBy: [{field: NAME}]) { pageInfo { endCursor } } }"


@dataclass
class Lists:
    """Seconds per answer of each side, one a turn, and how many pages the product gave."""

    product: list[float]
    others: dict[str, list[float]]
    n: int

    def against(self, other: str) -> Measured:
        """Return the product beside one of the others."""
        return Measured(self.product, self.others[other], n=self.n)


@dataclass(frozen=True)
class Page:
    """A page of the list: the request for it by side."""

    product: bytes
    others: dict[str, bytes]


def measure(stage: Stage) -> Lists:
    """Load the servers in turns with random pages; every page is checked to be the same from all."""
    shop = stage.shop
    stage.tell(", ".join(f"{count:,} {name}" for name, count in shop.crowd.items()))
    schema, kept = shop.tenant.schema_name, logs() / "statement.json"
    with ExitStack() as stack:
        product = stack.enter_context(serving(PRODUCT, ONE_PROCESS))
        pages = list(_pages(stage, product, kept))
        floor = stack.enter_context(serving(FLOOR, ONE_PROCESS, BENCH_SCHEMA=schema, BENCH_STATEMENT=str(kept)))
        ports = {ROWS: floor, STATEMENT: floor}
        for name in (PLAIN, OPTIMIZED):
            module = f"tessera.bench.peers.{name}"
            about = {"DJANGO_SETTINGS_MODULE": "tessera.bench.peers.settings", "BENCH_PEER": module, "BENCH_SCHEMA": schema}
            ports[name] = stack.enter_context(serving(f"{module}:application", ONE_PROCESS, **about))
        _compare(pages, product, ports)
        stage.tell(f"{len(pages)} pages are the same from all, {len(ask(product, pages[0].product)):,} bytes each")
        random.Random(1).shuffle(pages)  # noqa: S311  (not a secret)
        found = Lists([], {name: [] for name in ports}, 0)
        for turn in range(TURNS):
            sides = ["product", *ports]
            for side in sides if turn % 2 == 0 else reversed(sides):
                asked = [page.product if side == "product" else page.others[side] for page in pages]
                answered, spent = drive(ports.get(side, product), asked, seconds=SECONDS)
                (found.product if side == "product" else found.others[side]).append(spent / answered)
                found.n += answered if side == "product" else 0
    return found


def _pages(stage: Stage, product: int, kept: Path) -> Iterator[Page]:
    """Yield the pages from the second on; `kept` gets the product's statement with its values for each."""
    shop = stage.shop
    host = f"{shop.tenant.slug}.localhost"
    bearer = [f"Authorization: Bearer {token_of(shop.tenant, shop.member)}"]

    def graphql(text: str, headers: list[str], **variables: Any) -> bytes:
        return request("/graphql", host, body=orjson.dumps({"query": text, "variables": variables}), headers=headers)

    after, values, text = None, [], ""
    for place in range(1, PAGES + 1):
        answer = orjson.loads(ask(product, graphql(LIST, bearer, after=after)))
        last = answer["data"]["parties"]["nodes"][-1]
        after = orjson.loads(ask(product, graphql(CURSORS, bearer, after=after)))["data"]["parties"]["pageInfo"]["endCursor"]
        text, given = _statement(stage, after)
        values.append(given)
        by_place = b64encode(f"arrayconnection:{place * EACH - 1}".encode()).decode()
        peer = graphql(OF_PEERS, [], after=by_place)
        rows = request(f"/customers?{urlencode({'name': last['name'], 'id': decode(last['id'])[1]})}", host)
        statement = request(f"/statement?{urlencode({'page': place - 1})}", host)
        yield Page(graphql(LIST, bearer, after=after), {ROWS: rows, STATEMENT: statement, PLAIN: peer, OPTIMIZED: peer})
    kept.write_bytes(orjson.dumps({"text": text, "values": values}))


def _statement(stage: Stage, after: str | None) -> tuple[str, list[Any]]:
    """Return the statement by which the product answers a page, and its values."""
    sent: list[tuple[str, list[Any]]] = []

    def note(execute: Any, sql: str, given: Any, *rest: Any) -> Any:
        sent.append((sql, list(given)))
        return execute(sql, given, *rest)

    with inside(stage.shop.tenant, stage.shop.member):
        answer_here(Request(LIST, {"after": after}))  # makes it, if it is not there
        with connections["default"].execute_wrapper(note):
            answer_here(Request(LIST, {"after": after}))
    ((text, given),) = sent  # one statement
    return str(text), given


def _compare(pages: list[Page], product: int, ports: dict[str, int]) -> None:
    for page in pages:
        answer = orjson.loads(ask(product, page.product))["data"]
        for name, port in ports.items():
            other = orjson.loads(ask(port, page.others[name]))
            told = as_product(other["data"]) if name in (PLAIN, OPTIMIZED) and "errors" not in other else other.get("data")
            if told != answer:
                raise AssertionError(f"product and {name} differ: {str(answer)[:400]} {str(other)[:400]}")


def as_product(data: Any) -> Any:
    """Return a peer's answer as the product writes it: nodes instead of edges, enums in capitals, amounts without zeros."""
    if isinstance(data, list):
        return [as_product(each) for each in data]
    if not isinstance(data, dict):
        return data
    if data.keys() == {"edges"}:
        return {"nodes": [as_product(edge["node"]) for edge in data["edges"]]}
    made = {name: as_product(value) for name, value in data.items()}
    if "kind" in made:
        made["kind"] = made["kind"].upper()
    if "grossTotal" in made:
        made["grossTotal"] = f"{Decimal(made['grossTotal']):f}".rstrip("0").rstrip(".")
    return made
