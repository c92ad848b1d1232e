"""List fifty customers, each with its contact and its last three orders, over HTTP as a signed-in person."""

from functools import partial

from tessera.bench import lists
from tessera.bench.measures import Benchmark, Measured
from tessera.bench.stage import Stage


def run(other: str, stage: Stage) -> Measured:
    """Return the product beside one of the others; all are measured together, by whoever asks first."""
    return stage.once(lists.measure).against(other)


BENCHMARKS = tuple(
    Benchmark(name, floor, "/s", goal, partial(run, other))
    for name, floor, goal, other in (
        ("list 50 customers over HTTP", "a bare WSGI view with one prepared statement, psycopg and orjson", 0.5, lists.ROWS),
        (
            "list 50 customers, by statement",
            "a bare WSGI view that sends on what the same statement returns",
            0.5,
            lists.STATEMENT,
        ),
        ("list 50 customers, graphene-django", "graphene-django's own fields and filter connection", 25, lists.PLAIN),
        ("list 50 customers, query optimizer", "graphene-django with its query optimizer", 15, lists.OPTIMIZED),
    )
)
