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

NOBODY = 65534
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


@pytest.mark.skipif(os.geteuid() != 0, reason="runs as an ordinary user already; every other test shows the same")
def test_both_servers_run_as_an_ordinary_user(nobodys_home: Path) -> None:
    path = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(tessera.__file__).parents[1])])
    version = f"python3.{sys.version_info.minor}"
    candidates = [sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"]
    for python in filter(os.path.exists, candidates):
        try:
            able = _run_as_nobody(python, "-c", "import tessera.embedded.postgres", PYTHONPATH=path)
        except PermissionError:
            continue
        if able.returncode == 0:
            break
    else:
        pytest.skip("no interpreter of this version, or not this checkout, is readable for an ordinary user")
    done = _run_as_nobody(python, "-c", BOTH, str(nobodys_home), PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tessera_app", str(NOBODY), str(NOBODY)]
