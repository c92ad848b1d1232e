"""The tests of the reducer notice almost any small wrong in it; what they do not notice is listed here, with the reason."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tessera.testing.plugin import ROOT

from tests.billing.reducer.mutants import mutants_of

HERE = Path(__file__).parent
FILES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "billing/reducer").glob("*.py")) if path.stem != "__init__"]
SAME = "a set has an order of its own, so that no test can rely on another one: it is sorted for whoever reads the trace"
SURVIVORS = {
    "facts: part 0 dropped in self.unpaid_since or self.items": "a failed payment without any line is nothing that Stripe has",
    "reduce: sorted became list in sorted(set(account.grants), key=lambda each: (each.module, each.reason, str(each.until)))": SAME,
    "reduce: sorted became list in sorted(set(known[standing.source].items), key=lambda each: each.id)": SAME,
    "reduce: sorted became list in sorted(self.depends.keys() & set(labels))": SAME,
    "reduce: sorted became list in sorted(self._closed(set(labels)))": SAME,
    "reduce: sorted became list in sorted(products - catalogue.products.keys())": SAME,
    "reduce: reversed became list in reversed(self.depends)": "what is sold is closed in our catalogue before it comes here",
    "reduce: always in if label in closed:\n    closed.update(self.depends[label])": "more counts as sold then, and it is bought anyway",
}


@pytest.mark.safety
def test_the_tests_of_the_reducer_kill_its_mutants(count):
    if not count.long:
        pytest.skip("it takes minutes: `make safety` runs it")
    ran = subprocess.run([sys.executable, str(HERE / "killing.py"), *FILES], cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(ran.stdout)
    count.note(mutants=told["tried"], living=len(told["living"]))
    assert set(told["living"]) == SURVIVORS.keys()
    assert len(told["living"]) <= told["tried"] * 0.05
    assert told["tried"] > 300


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
