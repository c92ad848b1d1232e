"""Web servers with the settings that `make up` runs, one for the product and one for its floor."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tessera.embedded.plan import TESSERA
from tessera.embedded.processes import spawn, stop_all
from tessera.embedded.server import free_port
from tessera.embedded.supervisor import health
from tessera.embedded.workspace import checkout

PRODUCT, FLOOR = "tessera.wsgi:application", "tessera.bench.floor:application"
PATIENCE = 60.0  # seconds


@contextmanager
def serving(application: str, **extra: str) -> Iterator[int]:
    """Serve a WSGI application as the plan serves the product; yield its port once it answers."""
    (web,) = (service for service in TESSERA.services if service.name == "web")
    port = free_port()
    command = [part.format(port=port, python="python", run="") for part in web.command]
    command[command.index(PRODUCT)] = application
    environment: Mapping[str, str] = {**os.environ, "DJANGO_SETTINGS_MODULE": "tessera.settings.bench", "TESSERA_BASE_DOMAIN": f"localhost:{port}", **extra}
    log = checkout() / ".data" / "bench" / "log" / f"{application.partition(':')[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as told:
        process = spawn(command, cwd=checkout(), env=environment, log=told)
        try:
            _await(port, web.health)
            yield port
        finally:
            stop_all([process])


def _await(port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (answer := health(port, path)) != "200":
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server on port {port} is not up after {PATIENCE:.0f} s: {answer}")
        time.sleep(0.1)
