"""A real stack to kill: our own supervisor with everything it runs, in a workspace of its own, every commit kept."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tessera.embedded.server import Server
from tessera.embedded.supervisor import health
from tessera.embedded.workspace import Workspace

NAME = f"kills-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"  # two workers must not stop each other's
PATIENCE = 300.0  # seconds to boot on a machine that has other things to do
# What a kill leaves behind comes again within seconds, and no ready schemas are made that nobody asks for.
HASTE = {
    **{"TESSERA_OUTBOX_LEASE": "2", "TESSERA_OUTBOX_BACKOFF": "0.3", "TESSERA_OUTBOX_SWEEP": "1", "TESSERA_POOL_SIZE": "0"},
    **{"TESSERA_WEBHOOK_WAITS": "0.3,0.3,0.5,0.5,1,1,2,2,4,4,8,8", "TESSERA_BULK_LEASE": "2", "TESSERA_BULK_SLICE": "0.3"},
}
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")  # those of the tests
COMMAND = (sys.executable, "-m", "tessera.embedded")
PLACE = ("--profile", "crash", "--name", NAME)


class Stack:
    """Web, worker, relay, beat, Valkey and PostgreSQL, kept up by a supervisor while they are killed."""

    victims = ("web", "web child", "worker", "worker child", "relay", "beat", "valkey", "postgres")

    def __init__(self) -> None:
        self.environment = {name: text for name, text in os.environ.items() if name not in NOT_OURS} | HASTE
        self.workspace = Workspace("crash", name=NAME)
        self.killed: list[str] = []

    def start(self) -> None:
        """Start everything on an empty database, and wait until it is up."""
        subprocess.run([*COMMAND, "stop", *PLACE], env=self.environment, check=True)
        shutil.rmtree(self.workspace.home, ignore_errors=True)
        self.workspace.make()
        # The command that it serves is `cat`: it ends, and all with it, when this process closes its input or dies.
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "run", *PLACE, "--serve", "--", "cat"],
                cwd=self.workspace.root,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        self.wait_until_up()

    @property
    def log(self) -> Path:
        return self.workspace.logs / "supervisor.log"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.workspace.port()}"

    @property
    def domain(self) -> str:
        return f"localhost:{self.workspace.port()}"

    @property
    def mail(self) -> Path:
        return self.workspace.home / "mail"

    def database(self) -> str:
        """Return a URL by which a test looks at everything in the database."""
        return self.workspace.postgres.url(superuser=True)

    def wait_until_up(self) -> None:
        """Wait until the web server answers and the others are there."""
        deadline = time.monotonic() + PATIENCE
        while not (all(map(self.pid, self.victims)) and health(self.workspace.port(), "/health") == "200"):
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-4000:]
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-4000:]
            time.sleep(0.1)

    def pid(self, victim: str) -> int | None:
        """Return the process of a service or server, or one of a service's children; None while there is none."""
        service, _, child = victim.partition(" ")
        server: Server | None = {"valkey": self.workspace.valkey, "postgres": self.workspace.postgres}.get(service)  # type: ignore[assignment]
        try:
            found = server.pid() if server else int((self.workspace.run / f"{service}.pid").read_text())
            if child:
                children = Path(f"/proc/{found}/task/{found}/children").read_text().split()
                found = int(random.choice(children)) if children else None
            status = Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return None if status == "Z" else found

    def kill(self, victim: str) -> None:
        """kill -9 one process, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while (pid := self.pid(victim)) is None:
            assert time.monotonic() < deadline, f"no {victim} to kill\n{self.log.read_text(errors='replace')[-4000:]}"
            time.sleep(0.02)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself meanwhile; kill the next one
            self.kill(victim)
        else:
            self.killed.append(victim)

    def kill_all(self, victim: str) -> None:
        """kill -9 all children of a service at once, whichever of them is at work."""
        service = victim.partition(" ")[0]
        parent = int((self.workspace.run / f"{service}.pid").read_text())
        for child in map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(child, signal.SIGKILL)
        self.killed.append(victim)

    def stop(self) -> None:
        """Stop everything; fail if the supervisor did not end as it should."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, self.log.read_text(errors="replace")[-4000:]
