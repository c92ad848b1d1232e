"""What a benchmark is, and how product and floor take turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tessera.bench.stage import Stage

Turn = Callable[[], Any]
Seconds = float


@dataclass(frozen=True)
class Measured:
    """Seconds per operation of product and floor, one pair a turn; `n` says how many operations a side made in all."""

    product: list[Seconds]
    floor: list[Seconds]
    n: int

    @property
    def ratio(self) -> float:
        """Return how fast the product is as a share of the floor."""
        return statistics.median(floor / product for product, floor in zip(self.product, self.floor, strict=True))


@dataclass(frozen=True)
class Benchmark:
    """One comparison; `goal` is the least ratio to reach.

    `unit` is "ms" for the time of an operation and "/s" for their rate; with another one the figures are amounts in that unit.
    """

    name: str
    floor: str
    unit: str
    goal: float
    run: Callable[[Stage], Measured]

    def result(self, stage: Stage) -> dict[str, Any]:
        """Measure, and return the row of `docs/benchmarks.json`."""
        measured = self.run(stage)
        return {
            "name": self.name,
            "value": self._shown(measured.product),
            "unit": self.unit,
            "baseline": self._shown(measured.floor),
            "baseline_name": self.floor,
            "ratio": round(measured.ratio, 3),
            "goal": self.goal,
            "n": measured.n,
        }

    def _shown(self, seconds: list[Seconds]) -> float:
        median = statistics.median(seconds)
        if self.unit == "/s":
            return round(1 / median, 1)
        return round(median * 1000 if self.unit == "ms" else median, 3)


def timed(work: Turn, *, times: int = 1) -> Seconds:
    """Return how long so many calls take."""
    since = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - since


def within(found: list[float], limit: float) -> Measured:
    """Return figures beside a limit that they have to stay below: what is absolute, as memory is, has no floor."""
    return Measured(found, [limit] * len(found), n=len(found))


def in_turns(product: Turn, floor: Turn, *, turns: int, each: int = 1, warm: int = 1) -> Measured:
    """Call both in turns, `each` times a turn, after `warm` calls that do not count."""
    for _ in range(warm):
        product()
        floor()
    found: tuple[list[Seconds], list[Seconds]] = ([], [])
    for turn in range(turns):
        sides = (product, floor) if turn % 2 == 0 else (floor, product)  # whoever comes second may find warm caches
        for work in sides:
            found[work is floor].append(timed(work, times=each) / each)
    return Measured(*found, n=turns * each)
