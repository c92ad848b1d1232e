"""Each web process keeps to a core of its own, as far as there are cores."""

import os
import subprocess
import sys
from uuid import uuid4

import pytest

KEEP = "import os, sys; from tessera import cores; cores.NAME = sys.argv[1]; print(cores.keep_to_one_core(), flush=True); "
KEEP += "print(sorted(os.sched_getaffinity(0)), flush=True); sys.stdin.read()"


@pytest.fixture
def start():
    """Return a function that starts a process that keeps to a core, and tells which and what it may use."""
    started, name = [], f"test-{uuid4().hex}"  # not the cores that web servers of this machine keep to

    def begin():
        process = subprocess.Popen([sys.executable, "-c", KEEP, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, process.stdout.readline().strip(), process.stdout.readline().strip()

    yield begin
    for process in started:
        process.communicate()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot hold a process to a core")
def test_processes_take_different_cores_until_there_are_none(start):
    mine = sorted(os.sched_getaffinity(0))
    told = [start()[1:] for _ in range(len(mine) + 1)]
    cores = [core for core, _ in told if core != "None"]
    assert len(set(cores)) == len(cores)
    assert all(may == f"[{core}]" for core, may in told if core != "None")
    assert all(may == str(mine) for core, may in told if core == "None")
    assert cores == [str(core) for core in mine]
    assert told[-1][0] == "None"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot hold a process to a core")
def test_a_core_is_free_again_when_its_process_has_died(start):
    process, core, _ = start()
    assert core != "None"
    process.kill()
    process.wait()
    assert start()[1] == core
