"""Servers and supervisors in homes of their own, and a look at what still runs."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tessera.embedded.postgres import Postgres
from tessera.embedded.processes import marked
from tessera.embedded.server import Server, free_port
from tessera.embedded.valkey import Valkey

from tests.embedded.runs import ELSEWHERE, Run


def processes_of(home: Path) -> list[str]:
    """List the commands that name `home`, zombies not counted."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(home) in command:
                found.append(command)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a directory for servers, and see to it that none is left there."""
    yield tmp_path
    for server in (Postgres(tmp_path), Valkey(tmp_path)):
        if server.home.exists():
            server.stop(force=True)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Return a function that runs a command line of the supervisor in a checkout of its own, without real servers."""
    runs: list[Run] = []
    (tmp_path / ".data" / "dev").mkdir(parents=True)
    (tmp_path / ".data" / "dev" / "web.port").write_text(str(free_port()))  # 8000 may be in use by what these tests are not about

    def run(*arguments: str, variant: str = "whole", **variables: str) -> Run:
        runs.append(Run(tmp_path, *arguments, variant=variant, **(ELSEWHERE | variables)))
        return runs[-1]

    yield run
    for one in runs:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
    for pid in marked(tmp_path / ".data" / "dev"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Return a running test cluster, shared by the tests of a file that change no role."""
    server = Postgres(tmp_path_factory.mktemp("cluster"), "test").start()
    yield server
    server.stop(force=True)


@pytest.fixture
def query() -> Iterator[Callable[..., list[tuple]]]:
    """Return a function that runs one statement on a database URL, committed, and gives the rows."""

    def run(url: str, statement: str) -> list[tuple]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    yield run


def kill(server: Server) -> None:
    """End a server the hard way and wait until its keeper has noticed."""
    pid = server.pid()
    assert pid is not None
    os.kill(pid, 9)
    server._keeper_lock.take(patience=10)
    server._keeper_lock.release()


def ends(server: Server, patience: float = 15.0) -> bool:
    """Wait until no process of a server is left, and tell whether that came true."""
    free = server._server_lock.take(patience=patience)
    server._server_lock.release()
    return free
