"""The supervisor: what it says, what it is asked for, and what it leaves behind when it is told to stop (nothing)."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tessera.embedded.processes import marked
from tessera.embedded.server import free_port

from tests.embedded.conftest import processes_of
from tests.embedded.runs import CAST, ELSEWHERE, Run, wait_for


def test_check_starts_everything_tells_the_story_once_and_leaves_nothing(start: Callable[..., Run]) -> None:
    first = start("up", CHECK="1")
    assert first.end() == 0, first.text
    lines = [re.sub(r" +\d+\.\d s", "", line) for line in first.text.splitlines()]
    port = (first.home / "web.port").read_text()
    assert [line for line in lines if "up after" not in line] == [
        "  DATABASE_URL of the environment",
        "  REDIS_URL of the environment",
        "  ok   migrate",
        "  ok   web",
        "  ok   worker",
        "  ...  story",
        "story step 1",
        "  ok   story",
        f"ready http://localhost:{port}/",
        "  Ada  ada@a.example  pw  http://a.localhost  owner",
        f"  sign in at http://localhost:{port}/",
        "  checked: everything answers; stopping it",
    ]
    assert marked(first.home) == []
    second = start("up", CHECK="1")
    assert second.end() == 0
    assert "story step 1" not in second.text
    assert "  Ada  ada@a.example  pw  http://a.localhost  owner\n" in second.text


def test_a_stand_in_is_told_to_all_begun_once_and_gives_way_to_what_it_stands_for(start: Callable[..., Run]) -> None:
    first = start("up", variant="stand-in", CHECK="1")
    assert first.end() == 0, first.text
    port = (first.home / "stripe.port").read_text()
    assert "  ok   bank" in first.text
    assert f"\nasked http://127.0.0.1:{port}\n" in first.text
    assert f"\n  a bank of one's own is at http://localhost:{port}/\n" in first.text
    second = start("up", variant="stand-in", CHECK="1")
    assert second.end() == 0, second.text
    assert "  ok   bank" in second.text and "accounts" not in second.text
    (first.home / "bank" / "begun").unlink()
    third = start("up", variant="stand-in", CHECK="1")
    assert third.end() == 0
    assert "  ok   accounts" in third.text
    theirs = start("up", variant="stand-in", CHECK="1", BANK_KEY="theirs")
    assert theirs.end() == 0, theirs.text
    assert "\n  BANK_KEY of the environment\n" in theirs.text
    assert "  ok   bank" not in theirs.text and "of one's own" not in theirs.text


def test_a_command_that_wants_the_services_gets_no_stand_in(start: Callable[..., Run]) -> None:
    run = start(
        "run", "--serve", "--", "python", "-c", "import os; print('bank', os.environ.get('BANK_URL'))", variant="stand-in"
    )
    assert run.end() == 0, run.text
    assert "bank None" in run.text and "  ok   bank" not in run.text


@pytest.mark.parametrize(("variant", "name"), [("bad-step", "migrate"), ("bad-service", "worker")])
def test_what_fails_is_named_with_its_output_and_all_is_stopped(start: Callable[..., Run], variant: str, name: str) -> None:
    run = start("up", variant=variant, CHECK="1")
    assert run.end() == 1
    assert f"  FAIL {name}" in run.text
    assert f"tessera: {name} ended with status 3; the end of " in run.text
    assert run.text.endswith("no such table\n")
    assert marked(run.home) == []


def test_a_command_whose_services_do_not_start_ends_with_the_line_it_was_given(start: Callable[..., Run]) -> None:
    run = start(
        "run", "--serve", "--otherwise", "story: failed: start", "--", "python", "-c", "print('never')", variant="bad-step"
    )
    assert run.end() == 1
    assert "tessera: migrate ended with status 3" in run.text
    assert "never" not in run.text
    assert run.text.endswith("\nstory: failed: start\n")
    assert marked(run.home) == []


def test_check_fails_with_the_reason_when_somebody_takes_the_port(start: Callable[..., Run]) -> None:
    run = start("up", variant="taken-port", CHECK="1")
    assert run.end() == 1
    assert "tessera: web ended with status 1; the end of " in run.text
    assert "Address already in use" in run.text
    wait_for(lambda: len(marked(run.home)) == 1)  # the one who took it, which is nothing that we know of
    assert start("up", CHECK="1").end() == 0
    assert marked(run.home) == []


@pytest.mark.parametrize("check", ["0", "1"])
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_a_step_stops_it(start: Callable[..., Run], sent: int, status: int, check: str) -> None:
    run = start("up", variant="long-step", CHECK=check)
    wait_for(lambda: len(marked(run.home)) == 1)
    assert run.end(sent) == (status if check == "1" else 0)
    assert marked(run.home) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process_to_the_last_grandchild(start: Callable[..., Run], sent: int) -> None:
    run = start("up").until("ready ")
    assert len(marked(run.home)) == 3
    assert run.end(sent) == 0
    assert f"stopped ({signal.Signals(sent).name})" in run.text
    assert marked(run.home) == []


@pytest.fixture
def under_make(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that runs the supervisor as `make up` does, once that is up."""
    (tmp_path / ".data" / "dev").mkdir(parents=True)
    (tmp_path / ".data" / "dev" / "web.port").write_text(str(free_port()))
    (tmp_path / "Makefile").write_text(f"up:\n\t@{sys.executable} {CAST} {tmp_path} whole up --with-parent\n")
    out = tmp_path / "out"
    with out.open("wb") as file:
        make = subprocess.Popen(
            ["make", "up"], cwd=tmp_path, env=os.environ | ELSEWHERE, stdout=file, stderr=file, start_new_session=True
        )
    wait_for(lambda: b"ready " in out.read_bytes())
    yield make
    if make.poll() is None:
        make.kill()
        make.wait()


def test_ctrl_c_in_a_terminal_stops_every_process(under_make: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.killpg(under_make.pid, signal.SIGINT)  # a terminal sends it to make and to the supervisor alike
    under_make.wait(timeout=30)
    wait_for(lambda: processes_of(tmp_path) == [])


def test_kill_9_of_make_stops_every_process(under_make: subprocess.Popen[bytes], tmp_path: Path) -> None:
    under_make.kill()
    under_make.wait()
    wait_for(lambda: processes_of(tmp_path) == [])
    assert b"stopped (SIGTERM)" in (tmp_path / "out").read_bytes()


def test_a_second_supervisor_is_refused_and_stop_ends_the_first(start: Callable[..., Run]) -> None:
    run = start("up").until("ready ")
    second = start("up")
    assert second.end() == 1
    assert "already up" in second.text and str(run.process.pid) in second.text
    assert start("status").end() == 0
    assert start("stop").end() == 0
    assert run.end() == 0
    assert start("status").end() == 3
    assert marked(run.home) == []


def test_a_taken_port_is_replaced_and_said(start: Callable[..., Run], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (tmp_path / ".data" / "dev" / "web.port").write_text(str(taken))
        run = start("up", CHECK="1")
        assert run.end() == 0
        assert f"  port {taken} is taken, using " in run.text
        assert f"localhost:{taken}" not in run.text


def test_two_checkouts_that_start_at_once_get_two_ports(start: Callable[..., Run], tmp_path: Path) -> None:
    runs = [Run(tmp_path / name, "up", **ELSEWHERE) for name in map(_checkout(tmp_path), "ab")]
    try:
        ports = {run.until("ready ").text.rpartition("localhost:")[2].partition("/")[0] for run in runs}
        assert len(ports) == 2
    finally:
        assert [run.end(signal.SIGTERM) for run in runs] == [0, 0]


def _checkout(root: Path) -> Callable[[str], str]:
    """Return a function that makes a checkout which had the same port before as its neighbour."""
    port = free_port()

    def make(name: str) -> str:
        (root / name / ".data" / "dev").mkdir(parents=True)
        (root / name / ".data" / "dev" / "web.port").write_text(str(port))
        return name

    return make


def test_a_command_gets_the_environment_and_gives_its_status(start: Callable[..., Run]) -> None:
    show = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['TESSERA_BASE_DOMAIN']); sys.exit(7)"
    run = start("run", "--", "python", "-c", show)
    assert run.end() == 7
    assert run.text == f"postgresql://elsewhere/db localhost:{(run.home / 'web.port').read_text()}\n"
    served = start("run", "--serve", "--", "python", "-c", "print('story: ok')")
    assert served.end() == 0
    assert served.text.endswith("story: ok\n")
    assert marked(served.home) == []


def test_the_secret_is_made_once_and_private(start: Callable[..., Run], tmp_path: Path) -> None:
    show = "import os; print(os.environ['SECRET_KEY'])"
    runs = [start("run", "--", "python", "-c", show, SECRET_KEY="") for _ in range(4)]
    assert {run.end() for run in runs} == {0}
    assert len({run.text for run in runs}) == 1
    assert len(runs[0].text.strip()) >= 50
    assert (tmp_path / ".data" / "secret").stat().st_mode & 0o777 == 0o600
