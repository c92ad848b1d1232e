"""Web servers and a worker as `make up` runs them, for the product and for its floor."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tessera.embedded.plan import TESSERA, Service
from tessera.embedded.processes import spawn, stop_all
from tessera.embedded.server import free_port
from tessera.embedded.supervisor import health
from tessera.embedded.workspace import checkout

QUEUE = "bench"
PRODUCT, FLOOR = "tessera.wsgi:application", "tessera.bench.floor:application"
ONE_PROCESS = 1
PATIENCE = 60.0  # seconds


@contextmanager
def serving(application: str, processes: int | None = None, /, **extra: str) -> Iterator[int]:
    """Serve a WSGI application as the plan serves the product, or in so many processes; yield its port once it answers."""
    port = free_port()
    web = _planned("web")
    command = [application if part == PRODUCT else part.format(port=port, python="python") for part in web.command]
    if processes:
        command[command.index("--workers") + 1] = str(processes)
    with _running(application.partition(":")[0], command, TESSERA_BASE_DOMAIN=f"localhost:{port}", **extra):
        _await(lambda: health(port, web.health) == "200", f"the server on port {port}")
        yield port


@contextmanager
def streaming() -> Iterator[tuple[int, int]]:
    """Run the process of streams as the plan does; yield its port, and its process id."""
    port, streams = free_port(), _planned("streams")
    command = [part.format(port=port, python="python") for part in streams.command]
    with _started("streams", command, TESSERA_BASE_DOMAIN=f"localhost:{port}") as (process, _log):
        _await(lambda: health(port, streams.health) == "200", f"the streams on port {port}")
        yield port, process


def resident(process: int) -> int:
    """Return the bytes that a process and its children hold in memory."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    own = int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return own + sum(resident(int(child)) for child in children)


@contextmanager
def working(module: str) -> Iterator[None]:
    """Run a worker as the plan does, which also knows the tasks of `module`; it takes tasks of no queue until it is told to."""
    worker = _planned("worker")
    command = [part.format(python="python") for part in worker.command]
    with _running("worker", [*command, "--include", module, "--queues", f"{QUEUE}-idle"]) as log:
        _await(lambda: worker.says in log.read_text(errors="replace"), "the worker")
        yield


def logs() -> Path:
    """Return the folder of what servers say, and of what they are given."""
    folder = checkout() / ".data" / "bench" / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _planned(name: str) -> Service:
    return next(service for service in TESSERA.services if service.name == name)


@contextmanager
def _running(name: str, command: list[str], **extra: str) -> Iterator[Path]:
    """Run a command until the end of the block; yield its log."""
    with _started(name, command, **extra) as (_process, log):
        yield log


@contextmanager
def _started(name: str, command: list[str], **extra: str) -> Iterator[tuple[int, Path]]:
    """Run a command until the end of the block; yield its process id, and its log."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tessera.settings.bench", **extra}
    log = logs() / f"{name}.log"
    with log.open("wb") as told:
        process = spawn(command, cwd=checkout(), env=environment, log=told)
        try:
            yield process.pid, log
        finally:
            stop_all([process])


def _await(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not up after {PATIENCE:.0f} s")
        time.sleep(0.1)
