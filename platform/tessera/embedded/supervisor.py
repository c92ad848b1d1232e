"""Bring up everything that a plan names, keep it up, and leave nothing behind."""

import http.client  # allow raw-http: the health of our own web process is asked on loopback
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tessera.embedded.locks import Lock
from tessera.embedded.plan import Plan, Service, Step
from tessera.embedded.processes import MARK, end_group, spawn, stop_all, sweep
from tessera.embedded.server import Server, write_private
from tessera.embedded.stopping import undisturbed
from tessera.embedded.workspace import Workspace

HEALTH_PATIENCE = 90.0  # seconds
LONGEST_WAIT = 30.0  # seconds between two restarts of a service that dies before it is up


class Failed(RuntimeError):
    """Something did not come up; the text says what and where to look."""


class Child:
    """One running service and its history."""

    def __init__(self, service: Service, log: Path) -> None:
        self.service = service
        self.log = log
        self.log_start = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.up = False
        self.failures = 0
        self.again_at: float | None = None


class Supervisor:
    """Run a plan in a workspace; use it as a context manager, which stops everything at the end, and from the main thread.

    `say` gets one line per step. One supervisor per workspace: a second raises Failed.
    """

    def __init__(self, workspace: Workspace, plan: Plan, *, say: Callable[[str], None]) -> None:
        self.workspace = workspace
        self.plan = plan
        self.services = [each for each in plan.services if not os.environ.get(each.instead_of)]
        self.say = say
        self.children: list[Child] = []
        self.servers: list[Server] = []
        self.environment: dict[str, str] = {}
        self.restarts = 0
        self._claims: list[socket.socket] = []
        self._lock = Lock(workspace.home / "up.lock")

    @property
    def url(self) -> str:
        return self.address("web")

    def address(self, port: str) -> str:
        """Say where the server of a port is."""
        return f"http://localhost:{self.workspace.port(port)}/"

    def __enter__(self) -> Self:
        self.workspace.make()
        if not self._lock.take():
            found = running(self.workspace) or {}
            raise Failed(f"already up: {found.get('url')}, process {found.get('pid')}; `make stop` stops it")
        write_private(self.workspace.home / "up.json", json.dumps({"pid": os.getpid(), "url": self.url}))
        return self

    def __exit__(self, *_: object) -> None:
        with undisturbed():
            stop_all(child.process for child in reversed(self.children) if child.process is not None)
            for child in self.children:
                (self.workspace.run / f"{child.service.name}.pid").unlink(missing_ok=True)
            for server in reversed(self.servers):
                server.stop()
            for claim in self._claims:
                claim.close()
            (self.workspace.home / "up.json").unlink(missing_ok=True)
            self._lock.release()

    def boot(self) -> None:
        """Start servers, run the steps before, start the services and wait for each. Raises Failed, ServerError."""
        if left := sweep(self.workspace.home):
            self.say(f"  ended what an earlier run left: {left}")
        self.start_servers()
        for port in dict.fromkeys(("web", *(service.port for service in self.services))):
            before = self.workspace.port(port)
            self._claims.append(self.workspace.claim_port(port))
            if (now := self.workspace.port(port)) != before:
                self.say(f"  port {before} is taken, using {now}")
        write_private(self.workspace.home / "up.json", json.dumps({"pid": os.getpid(), "url": self.url}))
        self.environment = self.workspace.environment() | {MARK: str(self.workspace.home)}
        for service in self.services:
            names, values = [name for name, _ in service.tells], tuple(value for _, value in service.tells)
            self.environment |= dict(zip(names, self._filled(values, service.port), strict=True))
        for step in self.plan.before:
            self.run_step(step)
        for service in self.services:
            child = Child(service, self.workspace.logs / f"{service.name}.log")
            self.children.append(child)
            self._start(child)
        for child in self.children:
            with self.timed(child.service.name):
                self._await(child)
        for service in self.services:
            self._begin(service)
        if self.plan.first and not self.workspace.story_file().exists():
            for step in self.plan.first:
                self.run_step(step)
            self.workspace.keep_story()

    def _begin(self, service: Service) -> None:
        """Take the steps that a service needs once, and keep in mind that they were taken where it keeps its data."""
        begun = self.workspace.home / service.name / "begun"
        if service.first and not begun.exists():
            for step in service.first:
                self.run_step(step)
            begun.touch()

    def start_servers(self) -> None:
        """Start the embedded servers that the environment does not replace."""
        stood_for = [each.instead_of for each in self.plan.services if each.instead_of and each not in self.services]
        for variable in (*self.workspace.external, *stood_for):
            self.say(f"  {variable} of the environment")
        for server in self.workspace.servers():
            with self.timed(server.name):
                self.servers.append(server)
                server.start()

    def run_step(self, step: Step) -> None:
        """Run a step to its end. Raises Failed with the end of its output."""
        command = self._filled(step.command)
        if step.shown:
            self.say(f"  ...  {step.name}")
        with self.timed(step.name):
            log = self.workspace.logs / f"{step.name.replace(' ', '-')}.log"
            with log.open("wb") as output:
                process = spawn(command, cwd=self.workspace.root, env=self.environment, log=None if step.shown else output)
            try:
                self.watch(until=lambda: process.poll() is not None)
            except BaseException:
                stop_all([process])
                raise
            if (status := process.returncode) != 0:
                seen = "" if step.shown else f"; the end of {log}:\n{tail(log)}"
                raise Failed(f"{step.name} {ended(status)}{seen}")

    def watch(self, until: Callable[[], bool]) -> None:
        """Restart what dies, until `until` says so. Raises ServerError when a server does not come back."""
        while not until():
            for server in self.servers:
                self._tend_server(server)
            for child in self.children:
                self._tend(child)
            time.sleep(0.1)

    def check(self) -> None:
        """Ask every service once more. Raises Failed if any died since the start or does not answer."""
        for child in self.children:
            self._await(child)
        if self.restarts:
            raise Failed("a service had to be restarted")

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        since = time.monotonic()
        try:
            yield
        except BaseException:
            self.say(f"  FAIL {what:<44} {time.monotonic() - since:6.1f} s")
            raise
        self.say(f"  ok   {what:<44} {time.monotonic() - since:6.1f} s")

    def _filled(self, command: tuple[str, ...], port: str = "web") -> list[str]:
        values = {
            "{port}": str(self.workspace.port(port)),
            "{web}": str(self.workspace.port()),
            "{home}": str(self.workspace.home),
            "{run}": str(self.workspace.run),
            "{python}": sys.executable,
        }
        return [re.sub(r"\{\w+\}", lambda found: values.get(found[0], found[0]), part) for part in command]

    def _start(self, child: Child) -> None:
        child.again_at = None
        child.up = False
        child.log_start = child.log.stat().st_size if child.log.exists() else 0
        if child.service.first:
            (self.workspace.home / child.service.name).mkdir(exist_ok=True)
        with child.log.open("ab") as log:
            command = self._filled(child.service.command, child.service.port)
            child.process = spawn(command, cwd=self.workspace.root, env=self.environment, log=log)
        (self.workspace.run / f"{child.service.name}.pid").write_text(str(child.process.pid))

    def _await(self, child: Child) -> None:
        assert child.process is not None
        deadline = time.monotonic() + HEALTH_PATIENCE
        while True:
            if (status := child.process.poll()) is not None:
                raise Failed(f"{child.service.name} {ended(status)}; the end of {child.log}:\n{tail(child.log, child.log_start)}")
            if not (lack := self._lack(child)):
                child.up = True
                return
            if time.monotonic() > deadline:
                raise Failed(
                    f"{child.service.name} is not up after {HEALTH_PATIENCE:.0f} s ({lack});"
                    f" the end of {child.log}:\n{tail(child.log, child.log_start)}"
                )
            time.sleep(0.1)

    def _lack(self, child: Child) -> str:
        """Say what a running service still owes before it is up; nothing when it is."""
        if path := child.service.health:
            answer = health(self.workspace.port(child.service.port), path)
            return "" if answer == "200" else f"{path} {answer}"
        said = child.log.read_bytes()[child.log_start :].decode(errors="replace")
        return "" if child.service.says in said else f"it has not said {child.service.says!r}"

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.again_at is not None:
            if now >= child.again_at:
                self._start(child)
        elif child.process is not None and (status := child.process.poll()) is not None:
            end_group(child.process)
            self.restarts += 1
            child.failures = 1 if child.up else child.failures + 1
            wait = min(LONGEST_WAIT, 0.25 * 2**child.failures)
            child.again_at = now + wait
            self.say(f"  {child.service.name} {ended(status)}, starting it again in {wait:.1f} s; see {child.log}")
        elif not child.up and not self._lack(child):
            child.up = True
            self.say(f"  {child.service.name} is up again")

    def _tend_server(self, server: Server) -> None:
        if not server.running():
            self.restarts += 1
            self.say(f"  {server.name} ended, starting it again; see {server.log}")
            server.start()


def running(workspace: Workspace) -> dict[str, Any] | None:
    """Say which supervisor has this workspace: `pid` and `url`; None when none has."""
    if not Lock(workspace.home / "up.lock").held_by_another():
        return None
    try:
        found: dict[str, Any] = json.loads((workspace.home / "up.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def health(port: int, path: str) -> str:
    """Ask the web server on this machine; answer the status, or why there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()


def ended(status: int) -> str:
    """Put an exit status in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def tail(log: Path, start: int = 0, lines: int = 25) -> str:
    """Give the last lines of a log, from the byte `start` on."""
    return "\n".join(log.read_bytes()[start:].decode(errors="replace").splitlines()[-lines:])
