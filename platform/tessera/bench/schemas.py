"""Build the schema of all modules in this process: CPU time and memory, beside what a worker may spend on it."""

import gc
import statistics
import time
import tracemalloc

from tessera.bench.measures import Benchmark, Measured, within
from tessera.bench.stage import Stage
from tessera.graph.build import build
from tessera.module import modules

TURNS = 9
MOST_MS, MOST_MB = 150, 7


def seconds(stage: Stage) -> Measured:
    """Take the CPU time of each of several schemas, every type of them made anew."""
    on, took = frozenset(modules()), []
    build(on)  # what it reads of the code is known by then, as in a worker
    for _ in range(TURNS):
        since = time.process_time()
        schema = build(on)
        took.append(time.process_time() - since)
    stage.tell(f"{len(schema.type_map):,} types, {statistics.median(took) * 1000:.0f} ms")
    return within(took, MOST_MS / 1000)


def memory(stage: Stage) -> Measured:
    """Take what a schema holds of memory that nothing else does."""
    on, took = frozenset(modules()), []
    build(on)
    for _ in range(3):
        gc.collect()
        tracemalloc.start()
        try:
            schema = build(on)
            gc.collect()
            took.append(tracemalloc.get_traced_memory()[0] / 1e6)
        finally:
            tracemalloc.stop()
        del schema
    return within(took, MOST_MB)


BENCHMARKS = (
    Benchmark("schema of all modules", "the limit, CPU time", "ms", 1, seconds),
    Benchmark("memory of that schema", "the limit", "MB", 1, memory),
)
