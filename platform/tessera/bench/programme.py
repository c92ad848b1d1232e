"""All benchmarks, in the order in which they are measured."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import CommandError

from tessera.bench import customers, enabling, hand_over, nested, posting, selling, task_rate, upgrading
from tessera.bench.measures import Benchmark
from tessera.bench.stage import Stage

BENCHMARKS: tuple[Benchmark, ...] = tuple(
    each.BENCHMARK for each in (hand_over, enabling, upgrading, posting, selling, nested, customers, task_rate)
)


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """Return the benchmarks whose names begin with one of `names`, all for none; CommandError for one that nothing fits."""
    for name in names:
        if not any(each.name.startswith(name) for each in BENCHMARKS):
            raise CommandError(f"no benchmark is named {name!r}; there are: {', '.join(each.name for each in BENCHMARKS)}")
    return [each for each in BENCHMARKS if not names or each.name.startswith(tuple(names))]


def measure(wanted: Sequence[Benchmark], *, tell: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Measure one after the other on tenants of their own; tell how it goes."""
    since = time.monotonic()
    stage = Stage(lambda line: tell(f"{time.monotonic() - since:6.1f} s    {line}"))
    stage.sweep()
    rows = []
    try:
        for place, benchmark in enumerate(wanted, start=1):
            tell(f"{time.monotonic() - since:6.1f} s  {place}/{len(wanted)} {benchmark.name}")
            rows.append(benchmark.result(stage))
            row = rows[-1]
            stage.tell(
                f"{row['value']:g} {row['unit']}, floor {row['baseline']:g}: {row['ratio']:.3f} of it, goal {row['goal']:g}"
            )
    finally:
        stage.sweep()
    return rows
