"""The servers as a user without any rights, in a directory of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tessera

from tests.embedded.conftest import processes_of

NOBODY = 65534
CAST = Path(__file__).with_name("cast.py")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="runs as an ordinary user already; every other test shows the same")
BOTH = """
import sys
from pathlib import Path
from tessera.embedded.postgres import Postgres
from tessera.embedded.valkey import Valkey
import psycopg
home = Path(sys.argv[1])
postgres, valkey = Postgres(home, "crash").start(), Valkey(home, "crash").start()
with psycopg.connect(postgres.url()) as connection:
    print(connection.execute("SELECT current_user").fetchone()[0])
assert postgres.stop() and valkey.stop()
postgres.start()
print(postgres.data.stat().st_uid, valkey.home.stat().st_uid)
assert postgres.stop()
"""


UP = """
import os, signal, subprocess, sys
cast, root = sys.argv[1:]
command = [sys.executable, cast, root, "whole", "up"]
first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
for line in first.stdout:
    if line.startswith("ready "):
        break
else:
    sys.exit(f"it did not come up: {first.wait()}")
first.kill()
first.wait()
second = subprocess.run(command, env=os.environ | {"CHECK": "1"}, capture_output=True, text=True)
print(second.stdout, second.stderr)
sys.exit(second.returncode)
"""


def _run_as_nobody(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", env=more, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def nobodys_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tessera-nobody-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def python() -> tuple[str, dict[str, str]]:
    """Return an interpreter that an ordinary user may run with this checkout, and the environment for it."""
    path = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(tessera.__file__).parents[1])])
    version = f"python3.{sys.version_info.minor}"
    for python in filter(os.path.exists, [sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"]):
        try:
            able = _run_as_nobody(python, "-c", "import tessera.embedded.postgres", PYTHONPATH=path)
        except PermissionError:
            continue
        if able.returncode == 0:
            return python, {"PYTHONPATH": path}
    pytest.skip("no interpreter of this version, or not this checkout, is readable for an ordinary user")


@ROOT_ONLY
def test_both_servers_run_as_an_ordinary_user(nobodys_home: Path, python: tuple[str, dict[str, str]]) -> None:
    done = _run_as_nobody(python[0], "-c", BOTH, str(nobodys_home), **python[1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tessera_app", str(NOBODY), str(NOBODY)]


@ROOT_ONLY
def test_an_ordinary_user_starts_again_after_kill_9_of_the_supervisor(
    nobodys_home: Path, python: tuple[str, dict[str, str]]
) -> None:
    done = _run_as_nobody(python[0], "-c", UP, str(CAST), str(nobodys_home), **python[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ready http://localhost:" in done.stdout
    assert processes_of(nobodys_home) == []
