"""One test, two counts: a few attempts by default, many with `--safety`, each test told in one JSON line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.safety(seeds=(1, 3))
def test_a(seed, count):
    count.note(seen=count("attempts", 2, 10))
    assert seed != 1

@pytest.mark.safety
def test_b(count):
    count.note(kills=4)

def test_c():
    pass

@pytest.mark.safety(soak=True)
def test_d(count):
    count("rows", 3, 900)
"""


@pytest.fixture
def run(tmp_path: Path):
    """Return a function that runs pytest on the tests above, with this plugin alone, and gives status and output."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tessera.testing.safety", "-p", "pytest_timeout"]

    def pytest_on(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([*command, *arguments], cwd=tmp_path, env=os.environ | alone, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return pytest_on


def told(tmp_path: Path) -> list[dict]:
    lines = [json.loads(line) for line in (tmp_path / ".data" / "safety.jsonl").read_text().splitlines()]
    assert all(line.pop("seconds") >= 0 for line in lines)
    return lines


def test_by_default_the_short_counts_run_with_all_other_tests(run, tmp_path):
    status, text = run()
    assert (status, text.splitlines()[-1].split(" in ")[0]) == (0, "4 passed")
    assert not (tmp_path / ".data").exists()


def test_the_long_counts_run_alone_and_are_told(run, tmp_path):
    status, text = run("--safety")
    expected = [
        {"test": "test_it.py::test_a", "runs": 3, "failures": 1, "attempts": 30, "seen": 30},
        {"test": "test_it.py::test_b", "runs": 1, "failures": 0, "kills": 4},
    ]
    assert status == 1
    assert told(tmp_path) == expected
    shown = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert [line["test"] for line in shown] == [line["test"] for line in expected]


def test_what_takes_hours_runs_apart(run, tmp_path):
    status, _ = run("--soak")
    assert status == 0
    assert told(tmp_path) == [{"test": "test_it.py::test_d", "runs": 1, "failures": 0, "rows": 900}]


def test_seeds_replaces_the_number_of_seeds(run, tmp_path):
    status, _ = run("--safety", "--seeds", "1")
    assert status == 0
    assert [line["runs"] for line in told(tmp_path)] == [1, 1]


@pytest.mark.parametrize("seeds", ["0", "-1", "many"])
def test_a_wrong_number_of_seeds_is_explained(run, seeds):
    status, text = run("--safety", f"--seeds={seeds}")
    assert status == 4
    assert "is not a number of seeds: give 1 or more, as in `make safety SEEDS=3`" in text
