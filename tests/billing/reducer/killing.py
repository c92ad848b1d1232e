"""Run as a program: put each mutant into `billing/reducer/` and let the tests of the reducer kill it; print those that live.

    python killing.py FILE...      one JSON line: how many there were, and which survived

Each mutant is tried in a fork of a process that has imported everything but the reducer. Examples come first, for they are quick; the
properties are asked about what they let live.
"""

import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
from pathlib import Path

import hypothesis  # noqa: F401 (imported once for all forks)
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PATIENCE = 60  # seconds: what takes longer runs in circles
OPTIONS = ["-x", "-q", "--no-header", "--tb=no", "-c", os.devnull, f"--rootdir={ROOT}", "--import-mode=importlib"]
PLUGINS = [
    word for name in ("tessera.testing.plugin", "django", "cacheprovider", "xdist", "socket") for word in ("-p", f"no:{name}")
]
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


def survives(name: str, path: Path, text: str, tests: list[str]) -> bool:
    """Say whether all tests pass with a text in the place of a module's."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.meta_path.insert(0, Planted(name, path, text))
        os._exit(int(pytest.main([*OPTIONS, *PLUGINS, *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main(files: list[str]) -> None:
    sys.path[:0] = [str(ROOT), str(HERE)]
    from mutants import mutants_of

    tried, living = 0, []
    for each in files:
        path = Path(each).resolve()
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        source = path.read_text()
        if not survives(name, path, source, EXAMPLES + PROPERTIES):
            sys.exit(f"the tests fail with {name} as it is")
        for mutant in mutants_of(source):
            tried += 1
            if survives(name, path, mutant.text, EXAMPLES) and survives(name, path, mutant.text, PROPERTIES):
                living.append(f"{path.stem}: {mutant.what}")
                print(living[-1], f"(line {mutant.line})", file=sys.stderr, flush=True)
    print(json.dumps({"tried": tried, "living": living}))


if __name__ == "__main__":
    main(sys.argv[1:])
