"""Two hundred hostile documents: what the worst costs, and what good requests lose beside them."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import quantiles
from typing import Any

from tenants.models import Tenant
from tessera.access.models import Member
from tessera.bench.lists import LIST
from tessera.bench.load import ask, request, timed_asks
from tessera.bench.measures import Benchmark, Measured, Seconds, within
from tessera.bench.servers import ONE_PROCESS, PRODUCT, serving
from tessera.bench.stage import Stage, inside, owner_of, token_of
from tessera.graph.answers import answer_here
from tessera.graph.documents import Documents
from tessera.graph.limits import LIMITS
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.testing.hostile import corpus

TURNS, TRIES = 5, 3
MOST_MS = 50
LIST_OF_ALL = (
    "parties(first: 9) { nodes { id code name kind version createdAt updatedAt employer { id name } orgUnit { id code name } } }"
)
PAIRS, GOOD, SECONDS, PACE = 24, 2, 1.5, 20  # turns, good clients, seconds of a turn, hostile documents a second


def _costs(stage: Stage) -> tuple[list[Seconds], list[Seconds], int]:
    """Return for each turn the CPU time of the worst document (the least of a few tries), that of an honest one, and how many."""
    shop = stage.shop
    honest = "{ " + " ".join(f"a{each}: {LIST_OF_ALL}" for each in range(LIMITS.root_fields)) + " }"
    worst, floor = [], []
    with inside(shop.tenant, shop.member) as context:
        schema = schema_for(context.modules)
        documents = corpus()
        for _ in range(TURNS):
            with stage.counting() as sent:
                took = {each.name: cpu(partial(answer_here, Request(each.text, each.variables))) for each in documents}
            if sent:
                raise AssertionError(f"a hostile document was worth {len(sent)} statements: {sent[0][:200]}")
            name = max(took, key=lambda name: took[name])
            worst.append(took[name])
            floor.append(cpu(lambda: Documents().get(context.modules, schema, honest)))
            stage.tell(f"{took[name] * 1000:.1f} ms for {name}; {sum(took.values()) * 1000:.0f} ms for all {len(took)}")
    return worst, floor, TURNS * len(documents)


def beside_an_honest_one(stage: Stage) -> Measured:
    """Return the worst beside an honest document that is large and new."""
    worst, floor, n = stage.once(_costs)
    return Measured(worst, floor, n=n)


def below_the_limit(stage: Stage) -> Measured:
    """Return the worst beside what any may cost; none of them is worth a statement."""
    worst, _floor, n = stage.once(_costs)
    return Measured(worst, within(worst, MOST_MS / 1000).floor, n=n)


def good_beside_bad(stage: Stage) -> Measured:
    """Return the slowest in a hundred of good requests beside hostile ones, and without them, over HTTP.

    Turns are short, and all of a side count together, so that both saw the same machine. What is hostile comes from another company to
    the same process, which has as many points as companies have.
    """
    shop = stage.shop
    other = stage.tenant(["crm", "erp", "scm", "oa"], tier="")
    stage.tell(", ".join(f"{count:,} {name}" for name, count in shop.crowd.items()))
    ours, theirs = _sender(shop.tenant, shop.member), _sender(other, owner_of(other))
    good, bad = ours(LIST, {}), itertools.cycle([theirs(each.text, each.variables) for each in corpus()])
    beside: list[Seconds] = []
    alone: list[Seconds] = []
    hostile = 0
    with serving(PRODUCT, ONE_PROCESS) as port:
        for _ in range(20):
            ask(port, good)
        for turn in range(PAIRS):
            for took in (alone, beside) if turn % 2 == 0 else (beside, alone):
                with _sending(port, bad if took is beside else iter(())) as answered:
                    took += timed_asks(port, [good] * GOOD, seconds=SECONDS)
                hostile += len(answered)
    stage.tell(f"{len(beside):,} good requests beside {hostile} hostile ones, {len(alone):,} alone")
    return Measured([quantiles(beside, n=100)[98]], [quantiles(alone, n=100)[98]], n=len(beside))


def _sender(tenant: Tenant, member: Member) -> Callable[[str, dict[str, Any]], bytes]:
    bearer = [f"Authorization: Bearer {token_of(tenant, member)}"]

    def graphql(text: str, variables: dict[str, Any]) -> bytes:
        body = json.dumps({"query": text, "variables": variables}).encode()
        return request("/graphql", f"{tenant.slug}.localhost", body=body, headers=bearer)

    return graphql


class _sending:
    """Send messages at a steady pace from a thread until the end of the block; gives the list of those that were answered."""

    def __init__(self, port: int, messages: Iterator[bytes]) -> None:
        self.port, self.messages, self.answered = port, messages, list[int]()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)  # allow raw-thread: it talks to a socket only

    def __enter__(self) -> list[int]:
        self._thread.start()
        return self.answered

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        since = time.monotonic()
        for message in self.messages:
            self.answered.append(len(ask(self.port, message, status=None)))
            if self._over.wait(max(0.0, since + len(self.answered) / PACE - time.monotonic())):
                break


def cpu(work: Callable[[], Any]) -> Seconds:
    """Return the least CPU time of a few calls."""
    found = []
    for _ in range(TRIES):
        since = time.process_time()
        work()
        found.append(time.process_time() - since)
    return min(found)


BENCHMARKS = (
    Benchmark(
        "the worst hostile document", "parsing and validating an honest document of twenty lists", "ms", 0.5, beside_an_honest_one
    ),
    Benchmark("CPU time of the worst hostile document", "the limit", "ms", 1, below_the_limit),
    Benchmark("p99 beside hostile documents", "p99 of the same requests alone", "ms", 0.83, good_beside_bad),
)
