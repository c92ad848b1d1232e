"""Run as a program: put each mutant into `billing/reducer/` and let the tests of the reducer kill it; print those that live.

    python killing.py [--sample N] FILE...      one JSON line: how many there were, how many were tried, and which survived

Each mutant is tried in a fork of a process that has imported everything but the reducer. Examples come first, for they are quick; the
properties are asked about what they let live. A sample is chosen by the sources, so that it is the same until they change.
"""

import argparse
import importlib.abc
import importlib.machinery
import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PATIENCE = 60  # seconds: what takes longer runs in circles
OPTIONS = ["-x", "-q", "--no-header", "--tb=no", "-c", os.devnull, f"--rootdir={ROOT}", "--import-mode=importlib"]
OPTIONS += ["-p", "no:cacheprovider", "-p", "no:warnings"]
EXAMPLES = [str(HERE / "test_trial.py"), str(HERE / "test_subscriptions.py")]
PROPERTIES = [str(HERE / "test_properties.py")]


class Planted(importlib.machinery.SourceFileLoader, importlib.abc.MetaPathFinder):
    """Finds one module, and loads it with another text than its file's."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        super().__init__(name, str(path))
        self.text = text

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=self.path)

    def get_code(self, fullname):
        return compile(self.text, self.path, "exec")


def survives(path: Path, text: str, tests: list[str]) -> bool:
    """Say whether all tests pass with a text in the place of a module's."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.meta_path.insert(0, Planted(name, path, text))
        os._exit(int(pytest.main([*OPTIONS, *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def prepare() -> None:
    """Let the tests find each other and run without other plugins, by the same examples each time, none of them made smaller."""
    sys.path[:0] = [str(ROOT), str(HERE)]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    settings.register_profile(
        "killing",
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("killing")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, help="so many, instead of all")
    parser.add_argument("files", nargs="+", type=Path)
    asked = parser.parse_args()
    prepare()
    from mutants import mutants_of

    texts = {path.resolve(): path.read_text() for path in asked.files}
    if not survives(*next(iter(texts.items())), EXAMPLES + PROPERTIES):
        sys.exit("the tests fail with the sources as they are")
    made = [(path, mutant) for path, text in texts.items() for mutant in mutants_of(text)]
    tried = made if asked.sample is None else random.Random("".join(texts.values())).sample(made, asked.sample)
    living = []
    for path, mutant in tried:
        if survives(path, mutant.text, EXAMPLES) and survives(path, mutant.text, PROPERTIES):
            living.append(f"{path.stem}: {mutant.what}")
            print(living[-1], f"(line {mutant.line})", file=sys.stderr, flush=True)
    print(json.dumps({"mutants": len(made), "tried": len(tried), "living": living}))


if __name__ == "__main__":
    main()
