"""Page two thousand of a list beside page one, in this process, and how many statements a list takes."""

import orjson

from tessera.bench.lists import EACH, LIST
from tessera.bench.measures import Benchmark, Measured, in_turns, within
from tessera.bench.stage import Stage, inside
from tessera.graph.answers import answer_here
from tessera.graph.requests import Request

FAR = 2_000
BEFORE = "query Before($name: String) { parties(first: 1, filter: {name: {eq: $name}}, orderBy: [{field: NAME}]) { edges { cursor } } }"


def far(stage: Stage) -> Measured:
    """Take turns with the pages, each through the API with its rights."""
    shop = stage.shop
    stage.tell(", ".join(f"{count:,} {name}" for name, count in shop.crowd.items()))
    with inside(shop.tenant, shop.member):
        cursor = _ask(BEFORE, name=shop.name_of((FAR - 1) * EACH - 1))["parties"]["edges"][0]["cursor"]
        first, last = _ask(LIST)["parties"]["nodes"], _ask(LIST, after=cursor)["parties"]["nodes"]
        places = [node["name"] for node in (first[-1], last[0])]
        if len(first) != EACH or places != [shop.name_of(EACH - 1), shop.name_of((FAR - 1) * EACH)]:
            raise AssertionError(f"these are not the pages 1 and {FAR}: {places}")
        return in_turns(lambda: _ask(LIST, after=cursor), lambda: _ask(LIST), turns=25, each=8, warm=3)


def statements(stage: Stage) -> Measured:
    """Count what one request for the list asks the tenant's tables for."""
    shop = stage.shop
    with inside(shop.tenant, shop.member):
        _ask(LIST)
        return within([stage.statements(lambda: _ask(LIST))], 1)


def _ask(text: str, **variables: object) -> dict:
    body = orjson.loads(orjson.dumps(answer_here(Request(text, dict(variables))).body))
    if "errors" in body:
        raise AssertionError(str(body)[:400])
    return body["data"]


BENCHMARKS = (
    Benchmark("page 2,000 of customers", "page 1 of the same list", "ms", 0.77, far),
    Benchmark("statements of a list", "one", "statements", 1, statements),
)
