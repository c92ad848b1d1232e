"""All benchmarks, in the order in which they are measured."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError

from tessera.bench import (
    acknowledging,
    buying,
    customers,
    enabling,
    hand_over,
    hostile,
    nested,
    paging,
    posting,
    rotation,
    schemas,
    selling,
    streams,
    taking_in,
    task_rate,
    upgrading,
)
from tessera.bench.measures import Benchmark
from tessera.bench.stage import Stage

# Upgrading comes first: it brings every company that there is to the next version.
BENCHMARKS: tuple[Benchmark, ...] = (
    upgrading.BENCHMARK,
    hand_over.BENCHMARK,
    enabling.BENCHMARK,
    buying.BENCHMARK,
    *acknowledging.BENCHMARKS,
    posting.BENCHMARK,
    selling.BENCHMARK,
    taking_in.BENCHMARK,
    nested.BENCHMARK,
    *customers.BENCHMARKS,
    *paging.BENCHMARKS,
    *schemas.BENCHMARKS,
    streams.BENCHMARK,
    *rotation.BENCHMARKS,
    *hostile.BENCHMARKS,
    task_rate.BENCHMARK,
)


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """Return the benchmarks whose names begin with one of `names`, all for none; CommandError for one that nothing fits."""
    for name in names:
        if not any(each.name.startswith(name) for each in BENCHMARKS):
            raise CommandError(f"no benchmark is named {name!r}; there are: {', '.join(each.name for each in BENCHMARKS)}")
    return [each for each in BENCHMARKS if not names or each.name.startswith(tuple(names))]


def measure(wanted: Sequence[Benchmark], *, tell: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    """Measure one after the other on tenants of their own, and yield each result; tell how it goes."""
    since = time.monotonic()
    stage = Stage(lambda line: tell(f"{time.monotonic() - since:6.1f} s    {line}"))
    stage.sweep()
    try:
        for place, benchmark in enumerate(wanted, start=1):
            tell(f"{time.monotonic() - since:6.1f} s  {place}/{len(wanted)} {benchmark.name}")
            row = benchmark.result(stage)
            stage.tell(
                f"{row['value']:g} {row['unit']}, floor {row['baseline']:g}: {row['ratio']:.3f} of it, goal {row['goal']:g}"
            )
            yield row
    finally:
        stage.sweep()
