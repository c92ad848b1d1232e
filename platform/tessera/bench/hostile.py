"""The worst of two hundred hostile documents, refused in this process, beside an honest document that is large and new."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tessera.bench.measures import Benchmark, Measured, Seconds
from tessera.bench.stage import Stage, inside
from tessera.graph.answers import Request, answer
from tessera.graph.documents import Documents
from tessera.graph.limits import LIMITS
from tessera.graph.schemas import schema_for
from tessera.testing.hostile import corpus

TURNS, TRIES = 5, 3
LIST = (
    "parties(first: 9) { nodes { id code name kind version createdAt updatedAt employer { id name } orgUnit { id code name } } }"
)


def run(stage: Stage) -> Measured:
    """Take the CPU time of each document, the least of a few tries, and of these the greatest."""
    shop = stage.shop
    honest = "{ " + " ".join(f"a{each}: {LIST}" for each in range(LIMITS.root_fields)) + " }"
    worst, floor = [], []
    with inside(shop.tenant, shop.member) as context:
        schema = schema_for(context.modules)
        documents = corpus()
        for _ in range(TURNS):
            took = {
                each.name: cpu(partial(answer, schema, context.modules, Request(each.text, each.variables))) for each in documents
            }
            name = max(took, key=lambda name: took[name])
            worst.append(took[name])
            floor.append(cpu(lambda: Documents().get(context.modules, schema, honest)))
            stage.tell(f"{took[name] * 1000:.1f} ms for {name}; {sum(took.values()) * 1000:.0f} ms for all {len(took)}")
    return Measured(worst, floor, n=TURNS * len(documents))


def cpu(work: Callable[[], Any]) -> Seconds:
    """Return the least CPU time of a few calls."""
    found = []
    for _ in range(TRIES):
        since = time.process_time()
        work()
        found.append(time.process_time() - since)
    return min(found)


BENCHMARK = Benchmark("the worst hostile document", "parsing and validating an honest document of twenty lists", "ms", 0.5, run)
