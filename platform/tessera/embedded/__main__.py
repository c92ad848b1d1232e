"""Run Tessera and its servers on this machine: `python -m tessera.embedded --help`."""

import argparse
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tessera.embedded.launch import PR_SET_PDEATHSIG
from tessera.embedded.locks import Lock
from tessera.embedded.plan import TESSERA, Plan
from tessera.embedded.postgres import PROFILES
from tessera.embedded.processes import spawn, stop_all, sweep
from tessera.embedded.server import ServerError
from tessera.embedded.stopping import Interrupted, interrupt_on_signals
from tessera.embedded.supervisor import Failed, Supervisor, running
from tessera.embedded.workspace import Workspace


def main(arguments: list[str] | None = None, *, plan: Plan = TESSERA, root: Path | None = None) -> int:
    """Run one command line; `plan` and `root` are Tessera and this checkout unless told otherwise."""
    options = parser().parse_args(arguments)
    workspace = Workspace(options.profile, name=options.name, root=root)
    if getattr(options, "with_parent", False):
        follow_parent()
    interrupt_on_signals()
    command: Callable[[argparse.Namespace, Workspace, Plan], int] = options.function
    try:
        return command(options, workspace, plan)
    except (Failed, ServerError, FileNotFoundError) as error:
        print(f"tessera: {error}", file=sys.stderr, flush=True)
        if last := getattr(options, "otherwise", ""):
            say(last)
        return 1
    except Interrupted as reason:
        return 128 + signal.Signals[str(reason)]


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--profile", choices=list(PROFILES), default="dev", help="how the servers store: %(choices)s")
    common.add_argument("--name", default="", help="the directory under .data, the profile's name by default")
    commands = argparse.ArgumentParser(prog="python -m tessera.embedded", description=__doc__)
    sub = commands.add_subparsers(required=True, metavar="up|run|stop|status")
    up_ = sub.add_parser("up", parents=[common], help="start everything and stay; CHECK=1 starts, checks, stops")
    up_.add_argument("--with-parent", action="store_true", help="stop when the process that started this one ends")
    up_.set_defaults(function=up)
    run_ = sub.add_parser("run", parents=[common], help="start the servers, run a command with their URLs, stop them")
    run_.add_argument("--serve", action="store_true", help="start web, streams, worker, relay and beat as well")
    run_.add_argument("--otherwise", default="", metavar="LINE", help="the last line when what the command needs does not start")
    run_.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    run_.set_defaults(function=run)
    sub.add_parser("stop", parents=[common], help="stop all of it, whoever started it").set_defaults(function=stop)
    sub.add_parser("status", parents=[common], help="say what is up").set_defaults(function=status)
    return commands


def up(_options: argparse.Namespace, workspace: Workspace, plan: Plan) -> int:
    """Start everything, say where it is, and stay until told to stop."""
    since = time.monotonic()
    checking = os.environ.get("CHECK", "") not in ("", "0")
    try:
        with Supervisor(workspace, plan, say=say) as supervisor:
            supervisor.boot()
            say(f"  up after {time.monotonic() - since:.1f} s; logs in {workspace.logs}")
            say(f"ready {supervisor.url}")
            for line in people(workspace.story_file()):
                say(line)
            for hint in plan.hints:
                say(f"  {hint.format(url=supervisor.url, streams=supervisor.address('streams'))}")
            for service in supervisor.services:
                if service.hint:
                    say(f"  {service.hint.format(address=supervisor.address(service.port))}")
            if checking:
                supervisor.watch(until=after(2.0))
                supervisor.check()
                say("  checked: everything answers; stopping it")
            else:
                supervisor.watch(until=lambda: False)
    except Interrupted as reason:
        if checking:
            raise
        say(f"stopped ({reason})")
    return 0


def run(options: argparse.Namespace, workspace: Workspace, plan: Plan) -> int:
    """Run one command between starting and stopping; its exit status is ours."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise Failed("name the command: run -- COMMAND ...")
    with ExitStack() as stack:
        if options.serve:
            supervisor = stack.enter_context(Supervisor(workspace, plan.only_services(), say=say_aside))
            supervisor.boot()
            tend = supervisor.watch
        else:
            workspace.make()
            for server in workspace.servers():
                stack.callback(server.stop)
                server.start()
            tend = wait
        process = spawn(command, cwd=Path.cwd(), env=workspace.environment(), own_group=False)
        stack.callback(stop_all, [process], groups=False)
        try:
            tend(lambda: process.poll() is not None)
        except Interrupted as reason:
            if str(reason) == "SIGINT":  # Ctrl-C reached the command too: let it clean up
                process.wait(timeout=10)
            raise
        status = process.returncode
    return status if status >= 0 else 128 - status


def stop(_options: argparse.Namespace, workspace: Workspace, _plan: Plan) -> int:
    """Stop the supervisor and the servers of a workspace."""
    if (found := running(workspace)) is not None:
        if "pid" not in found:
            raise Failed("it is starting or stopping at this very moment; try again")
        os.kill(found["pid"], signal.SIGTERM)
        if not Lock(workspace.home / "up.lock").take(patience=60):
            raise Failed(f"process {found['pid']} does not stop")
    sweep(workspace.home)
    stuck = [
        server.name for server in (workspace.valkey, workspace.postgres) if server.home.exists() and not server.stop(force=True)
    ]
    if stuck:
        raise Failed(f"still running: {', '.join(stuck)}")
    return 0


def status(_options: argparse.Namespace, workspace: Workspace, _plan: Plan) -> int:
    """Print what runs; exit 0 only if everything is up."""
    found = running(workspace)
    say("supervisor  " + ("down" if found is None else f"up, process {found.get('pid')}, {found.get('url')}"))
    for server in (workspace.postgres, workspace.valkey):
        up_ = server.home.exists() and server.running()
        say(f"{server.name:<11} {f'up, process {server.pid()}, 127.0.0.1:{server.port}' if up_ else 'down'}")
    return 0 if found is not None else 3


def people(file: Path) -> list[str]:
    """List the sample people with their passwords and what they do, as the story wrote them."""
    if not file.exists():
        return []
    told = json.loads(file.read_text())["people"]
    rows = [(row["name"], row["email"], row["password"], row["url"], row.get("does", "")) for row in told]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def after(seconds: float) -> Callable[[], bool]:
    """Give a condition that becomes true in so many seconds."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline


def wait(until: Callable[[], bool]) -> None:
    """Wait for a condition."""
    while not until():
        time.sleep(0.05)


def say(line: str) -> None:
    print(line, flush=True)


def say_aside(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def follow_parent() -> None:
    """Ask for SIGTERM when the parent dies, so that a killed `make` leaves no supervisor."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
