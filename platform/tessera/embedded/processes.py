"""Child processes that die with us, and finding those that did not."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from tessera.embedded.server import LAUNCH

MARK = "TESSERA_SUPERVISED"  # in the environment of every child and what it starts: the workspace it belongs to


def spawn(
    command: Iterable[str], *, cwd: Path, env: Mapping[str, str], log: IO[bytes] | None = None, own_group: bool = True
) -> subprocess.Popen[bytes]:
    """Start a command that gets SIGTERM when this process dies, in a group of its own unless told otherwise.

    Call it from the main thread: Linux ties a child's life to the thread that made it.
    """
    program, *arguments = command
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        raise FileNotFoundError(f"no program {program!r} on the path")
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(int(signal.SIGTERM)), "plain"]
    return subprocess.Popen(
        [*launch, found, *arguments],
        cwd=cwd,
        env=dict(env),
        start_new_session=own_group,
        stdin=subprocess.DEVNULL if own_group else None,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
    )


def stop_all(children: Iterable[subprocess.Popen[bytes]], *, patience: float = 10.0, groups: bool = True) -> None:
    """Ask each to end, wait for all, and end what is left of them and of the groups that they lead."""
    children = list(children)
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + patience
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.0, deadline - time.monotonic()))
        if groups:
            end_group(child)
        else:
            child.kill()
            child.wait()


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Kill the whole group of a child that was started in a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers the latter for a group of zombies
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def marked(home: Path) -> list[int]:
    """List the processes that a supervisor of this workspace started, at whatever depth, and that still run."""
    wanted = f"{MARK}={home}"
    if sys.platform != "linux":
        listed = subprocess.run(["ps", "-axwwE", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 1) for line in listed.splitlines()]
        return [int(line[0]) for line in lines if len(line) == 2 and wanted in line[1].split(" ")]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's
                if wanted.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def sweep(home: Path, *, patience: float = 3.0) -> int:
    """End what a killed supervisor of this workspace left behind, and answer how many processes that were."""
    left = [pid for pid in marked(home) if pid != os.getpid()]
    count = len(left)
    deadline = time.monotonic() + patience
    sent = signal.SIGTERM
    while left:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = [pid for pid in marked(home) if pid != os.getpid()]
        if left and sent == signal.SIGKILL:
            raise RuntimeError(f"processes of an earlier run do not end: {left}")
        sent, deadline = signal.SIGKILL, time.monotonic() + patience
    return count
