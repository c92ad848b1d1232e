"""Run what a change has to pass, each check to its end, whatever the others say: `make test`."""

import argparse
import os
import subprocess
import sys
import time
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass

from tessera.embedded.server import ServerError
from tessera.embedded.stopping import Interrupted, interrupt_on_signals
from tessera.embedded.supervisor import ended
from tessera.embedded.workspace import Workspace, checkout

PYTHON = (sys.executable,)
MANAGE = (*PYTHON, "manage.py")


@dataclass(frozen=True)
class Check:
    """A command that answers by its exit status. `servers`: it needs the URLs of running ones."""

    name: str
    group: str
    command: tuple[str, ...]
    servers: bool = False


def packages() -> tuple[str, ...]:
    """Read which directories are ours from where the build reads it."""
    project = tomllib.loads((checkout() / "pyproject.toml").read_text())
    return tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def checks() -> list[Check]:
    """List every check in order. The tests come last, so that their summary ends the output."""
    return [
        Check("ruff check", "lint", (*PYTHON, "-m", "ruff", "check", ".")),
        Check("ruff format", "lint", (*PYTHON, "-m", "ruff", "format", "--check", ".")),
        Check("import-linter", "lint", ("lint-imports",)),
        Check("mypy", "types", (*PYTHON, "-m", "mypy", *packages())),
        Check("migrations", "state", (*MANAGE, "makemigrations", "--check", "--dry-run"), servers=True),
        Check("schema", "state", (*MANAGE, "schema", "--check"), servers=True),
        # Tests of one group share what takes long to start, so they go to one process.
        Check("tests", "tests", (*PYTHON, "-m", "pytest", "-n", os.environ.get("N", "auto"), "--dist", "loadgroup")),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tessera.embedded.checks", description=__doc__)
    groups = list(dict.fromkeys(check.group for check in checks()))
    parser.add_argument("groups", nargs="*", metavar="|".join(groups), help="only these; all by default")
    parser.add_argument("--", dest="_", help="what follows goes to pytest")
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    wanted = parser.parse_args(own).groups or groups
    if unknown := set(wanted) - set(groups):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    interrupt_on_signals()
    try:
        return run_all([check for check in checks() if check.group in wanted], more)
    except Interrupted:
        return 130


def run_all(selected: list[Check], more: list[str]) -> int:
    """Run the checks and answer 0 if all passed."""
    results: list[tuple[str, int, float]] = []
    with ExitStack() as stack:
        environment: dict[str, str] | None = None
        for check in selected:
            if check.group == "tests" and results:
                report(results)
            print(f"== {check.name}", flush=True)
            since = time.monotonic()
            try:
                if check.servers and environment is None:
                    environment = servers(stack)
                command = [*check.command, *(more if check.group == "tests" else [])]
                # The tests start the servers that they need, by the environment of the caller alone.
                status = subprocess.run(command, cwd=checkout(), env=environment if check.servers else with_path()).returncode
            except (ServerError, FileNotFoundError) as error:
                print(error, flush=True)
                status = 1
            results.append((check.name, status, time.monotonic() - since))
            if check.group != "tests":
                print(f"   {'ok' if status == 0 else ended(status)} {results[-1][2]:.1f} s", flush=True)
    return 1 if any(status for _, status, _ in results) else 0


def report(results: list[tuple[str, int, float]]) -> None:
    """Print what came before the tests in one place."""
    print("== so far", flush=True)
    for name, status, seconds in results:
        print(f"   {'ok  ' if status == 0 else 'FAIL'} {name:<20} {seconds:6.1f} s", flush=True)


def servers(stack: ExitStack) -> dict[str, str]:
    """Start the servers of the tests until the stack ends, and give an environment that names them."""
    workspace = Workspace("test")
    workspace.make()
    for server in workspace.servers():
        stack.callback(server.stop)
        server.start()
    return workspace.environment()


def with_path() -> dict[str, str]:
    """Give the caller's environment with this interpreter's programs on the path."""
    return os.environ | {"PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])}


if __name__ == "__main__":
    sys.exit(main())
