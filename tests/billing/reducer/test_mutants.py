"""The tests of the reducer notice almost any small wrong in it; what they do not notice is listed here, with the reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tessera.testing.plugin import ROOT

from tests.billing.reducer.mutants import mutants_of

HERE = Path(__file__).parent
FILES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "billing/reducer").glob("*.py")) if path.stem != "__init__"]
SURVIVORS: dict[str, str] = {}  # what no test can tell from the source as it is, each with the reason


@pytest.mark.safety(soak=True)
def test_the_tests_of_the_reducer_kill_its_mutants(count):
    """Among them are those whose conditions always hold or never do, so that every branch is taken, both ways."""
    sample = [] if count.long else ["--sample", "5"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # sets have an order of their own, the same in each run
    command = [sys.executable, str(HERE / "killing.py"), *sample, *FILES]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    count.note(mutants=told["tried"], living=len(told["living"]))
    assert set(told["living"]) - SURVIVORS.keys() == set()
    assert told["mutants"] > 300
    assert len(SURVIVORS) <= told["mutants"] * 0.05
    if count.long:
        assert SURVIVORS.keys() <= set(told["living"])


@pytest.mark.parametrize(
    ("source", "wrongs"),
    [
        ("x = a < b", {"x = a <= b"}),
        ("x = a and b", {"x = a or b", "x = b and b", "x = a and a"}),
        ("x = a + 1", {"x = a - 1", "x = a + 2"}),
        ("x = [y for y in z if y]", {"x = [y for y in z]"}),
        ("x = min(a)", {"x = max(a)"}),
        ("if a:\n    b()", {"if True:\n    b()", "if False:\n    b()", "if a:\n    None"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("x = True", {"x = False"}),
        ("x = 'a'", {"x = 'aX'"}),
        ("raise a", {"pass"}),
        ("x = not a", {"x = not (not a)"}),
    ],
)
def test_what_is_made_wrong(source, wrongs):
    assert {mutant.text for mutant in mutants_of(source)} == {wrong.replace("not (not a)", "not not a") for wrong in wrongs}
