"""The supervisor when something is killed: what comes back, when, and that nothing blocks the next start."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
from tessera.embedded.postgres import Postgres
from tessera.embedded.processes import marked
from tessera.embedded.supervisor import health
from tessera.embedded.valkey import Valkey

from tests.embedded.conftest import processes_of
from tests.embedded.runs import Run, wait_for


def test_a_service_that_is_killed_comes_back_without_its_old_children(start: Callable[..., Run]) -> None:
    run = start("up").until("ready ")
    before = set(marked(run.home))
    os.kill(run.pid("web"), signal.SIGKILL)
    run.until("web was ended by SIGKILL, starting it again in 0.5 s")
    port = int((run.home / "web.port").read_text())
    wait_for(lambda: health(port, "/health") == "200")
    now = set(marked(run.home))
    assert len(now) == 3
    assert now & before == {run.pid("worker")}
    assert run.end(signal.SIGTERM) == 0


def test_a_service_that_was_up_comes_back_at_once_however_often_it_is_killed(start: Callable[..., Run]) -> None:
    run = start("up").until("ready ")
    for times in range(1, 4):
        os.kill(run.pid("worker"), signal.SIGKILL)
        wait_for(lambda times=times: run.text.count("worker is up again") == times)
    assert run.text.count("worker was ended by SIGKILL, starting it again in 0.5 s") == 3
    assert run.end(signal.SIGTERM) == 0


def test_a_service_that_does_not_come_up_waits_longer_each_time(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start("up").until("ready ")
    (tmp_path / "broken").touch()
    os.kill(run.pid("worker"), signal.SIGKILL)
    for seconds in ("0.5", "1.0", "2.0"):
        run.until(f"starting it again in {seconds} s")
    (tmp_path / "broken").unlink()
    run.until("worker is up again")
    assert run.end(signal.SIGTERM) == 0


def test_kill_9_of_the_supervisor_and_a_service_blocks_nothing(start: Callable[..., Run]) -> None:
    run = start("up").until("ready ")
    os.kill(run.pid("web"), signal.SIGKILL)  # its child is an orphan that ignores SIGTERM
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: len(marked(run.home)) == 1)  # the worker got SIGTERM from the system
    again = start("up").until("ready ")
    assert "  ended what an earlier run left: 1" in again.text
    assert len(marked(run.home)) == 3
    assert again.end(signal.SIGTERM) == 0


def test_with_real_servers_a_row_outlives_kill_9_of_every_process(start: Callable[..., Run], tmp_path: Path) -> None:
    home = tmp_path / ".data" / "dev"
    postgres, valkey = Postgres(home), Valkey(home)
    none = {"DATABASE_URL": "", "REDIS_URL": ""}
    try:
        run = start("up", **none).until("ready ")
        with psycopg.connect(postgres.url(superuser=True), autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS n")
        for server in (postgres, valkey):
            os.kill(server.pid() or 0, signal.SIGKILL)
            run.until(f"{server.name} ended, starting it again")
            wait_for(server.running)
        assert run.end(signal.SIGKILL) == -signal.SIGKILL
        for pid in (postgres.pid(), valkey.pid(), *marked(home)):
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        again = start("up", **none).until("ready ")
        with psycopg.connect(postgres.url(superuser=True)) as connection:
            assert connection.execute("SELECT n FROM t").fetchone() == (7,)
        assert again.end(signal.SIGINT) == 0
        assert processes_of(home) == []
    finally:
        postgres.stop(force=True)
        valkey.stop(force=True)
