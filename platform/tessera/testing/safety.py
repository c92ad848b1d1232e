"""The long counts: a test marked `safety` runs with few attempts in `make test` and with many in `make safety`.

    @pytest.mark.safety(seeds=(3, 50))
    def test_nothing_is_sold_twice(tenant, seed, count):
        attempts = count("attempts", 300, 5_000)
        ...
        count.note(granted=granted)

The first number of a pair is the short one. `--safety` selects the tests of this mark, takes the long numbers, and tells
each test in one JSON line, on the terminal and in `.data/safety.jsonl`; `--seeds` replaces the number of seeds.
What takes longer than an hour allows is marked `safety(soak=True)`: `--soak` does the same with those, `make soak` runs them.
"""

import json
from argparse import ArgumentTypeError
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 3600  # seconds for one test with long counts
MARK = "safety"


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of seeds: give 1 or more, as in `make safety SEEDS=3`")
    return int(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tessera")
    group.addoption("--safety", action="store_true", help="run the tests marked safety alone, with their long counts")
    group.addoption("--soak", action="store_true", help="run the tests marked safety(soak=True) alone, with their long counts")
    group.addoption("--seeds", type=_positive, metavar="N", help="so many seeds, in tests that have seeds")


@pytest.hookimpl(trylast=True)  # xdist's own controller is known by then
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "safety(seeds=(short, long), soak=False): has a long count, which `make safety` or `make soak` runs"
    )
    if runs_long(config) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config.rootpath / ".data" / "safety.jsonl"), "safety tally")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is not None and "seed" in metafunc.fixturenames:
        short, long = mark.kwargs["seeds"]
        option = metafunc.config.option
        metafunc.parametrize("seed", range(option.seeds or (long if runs_long(metafunc.config) else short)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not runs_long(config):
        return
    chosen = [item for item in items if _is_asked_for(item, config.option)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    for item in chosen:
        item.add_marker(pytest.mark.timeout(PATIENCE), append=False)
    items[:] = chosen


def runs_long(config: pytest.Config) -> bool:
    """Say whether the long counts run."""
    return config.option.safety or config.option.soak


def _is_asked_for(item: pytest.Item, option: Any) -> bool:
    mark = item.get_closest_marker(MARK)
    return mark is not None and (option.soak if mark.kwargs.get("soak") else option.safety)


class Count:
    """Chooses between the short and the long number, and keeps what a test counted for its JSON line."""

    def __init__(self, node: Any, *, long: bool) -> None:
        self.long = long
        self._told = node.user_properties

    def __call__(self, what: str, short: int, long: int) -> int:
        """Return the number of `what` to do."""
        number = long if self.long else short
        self.note(**{what: number})
        return number

    def note(self, **seen: int) -> None:
        """Keep numbers that were seen; those of one name are added up."""
        self._told.extend((f"safety:{name}", number) for name, number in seen.items())


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """Return what chooses between a short and a long number."""
    if request.node.get_closest_marker(MARK) is None:
        pytest.fail("a test with a long count is marked `safety`", pytrace=False)
    return Count(request.node, long=runs_long(request.config))


class Tally:
    """Adds up the runs of each test, over all its seeds."""

    def __init__(self, record: Path) -> None:
        self.record = record
        self.runs: dict[str, set[str]] = {}
        self.failed: dict[str, set[str]] = {}
        self.skipped: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.counted: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0].partition("@")[0]  # xdist adds the group
        self.runs.setdefault(test, set()).add(report.nodeid)
        self.seconds[test] += report.duration  # type: ignore[assignment]
        self.skipped[test] += report.skipped
        if report.failed:
            self.failed.setdefault(test, set()).add(report.nodeid)
        if report.when == "teardown":
            counted = self.counted.setdefault(test, Counter())
            for name, number in report.user_properties:
                if name.startswith("safety:"):
                    counted[name.removeprefix("safety:")] += number  # type: ignore[operator]

    def lines(self) -> list[str]:
        """Return one JSON line per test."""
        return [
            json.dumps(
                {
                    "test": test,
                    "runs": len(runs),
                    "failures": len(self.failed.get(test, ())),
                    **({"skipped": self.skipped[test]} if self.skipped[test] else {}),
                    "seconds": round(self.seconds[test], 1),
                    **self.counted.get(test, {}),
                }
            )
            for test, runs in sorted(self.runs.items())
        ]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = self.lines()
        self.record.parent.mkdir(exist_ok=True)
        self.record.write_text("".join(f"{line}\n" for line in lines))
        terminalreporter.section("safety")
        for line in lines:
            terminalreporter.write_line(line)
