"""Background tasks through a real worker: each turns to its company and reads a row there."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from tessera.bench.measures import Benchmark, Measured, timed
from tessera.bench.servers import QUEUE, working
from tessera.bench.stage import Stage
from tessera.bench.tasks import nothing, read_one
from tessera.celery import app
from tessera.outbox.hints import client

TENANTS, TASKS, TURNS = 4, 250, 6
PATIENCE = 60.0  # seconds
Sent = tuple[Any, dict[str, str]]


def run(stage: Stage) -> Measured:
    """Drain a full queue in turns; the floor is a task that does nothing, on the same worker."""
    tenants = [str(stage.tenant().pk) for _ in range(TENANTS)]
    ours: list[Sent] = [(read_one, {"tenant_id": tenants[place % TENANTS]}) for place in range(TASKS)]
    floor: list[Sent] = [(nothing, {})] * TASKS
    found: tuple[list[float], list[float]] = ([], [])
    with working("tessera.bench.tasks"):
        drain(ours[:20] + floor[:20])
        for turn in range(TURNS):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                found[side].append(drain((ours, floor)[side]) / TASKS)
    return Measured(*found, n=TURNS * TASKS)


def drain(tasks: Sequence[Sent]) -> float:
    """Fill the queue, let the worker at it, and return in how many seconds from the first one all were done and acknowledged."""
    for task, arguments in tasks:
        # allow raw-task: a full queue is what is measured
        task.apply_async(kwargs=arguments, queue=QUEUE)
    app.control.add_consumer(QUEUE)
    _wait(lambda: _left() < len(tasks))
    spent = timed(lambda: _wait(lambda: not _left() and not client().hlen("unacked")))
    app.control.cancel_consumer(QUEUE, reply=True, limit=1, timeout=5.0)
    return spent


def _left() -> int:
    return client().llen(QUEUE)  # type: ignore[return-value]


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{_left()} tasks are left after {PATIENCE:.0f} s")
        time.sleep(0.002)


BENCHMARK = Benchmark("tenant task", "a task that does nothing", "/s", 0.6, run)
