"""Make the virtual environment of this checkout: uv by hash, the locked packages by hash, the project editable.

Runs under any Python before anything is installed, so it imports the standard library alone. `make` runs it before
every verb; when nothing changed it costs a few milliseconds. `--lock` resolves the lock files again instead. An older
Python gets as far as finding a newer one, so nothing here is newer than 3.7.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOOR = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "tessera.stamp")
TOOLS = "requirements/tools.lock"
LOCKS = ("requirements/dev.lock", TOOLS)
# pip's settings that say where packages come from -> the variables uv reads for the same. uv does not read pip's
# configuration, and a machine that reaches its registry through pip must not need a second configuration.
INDEX = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lock", action="store_true", help="resolve requirements/*.lock from pyproject.toml again")
    arguments = parser.parse_args()
    if sys.version_info < FLOOR:
        run_under_newer_python()
    os.chdir(ROOT)
    os.makedirs(".data", exist_ok=True)
    with open(".data/bootstrap.lock", "w") as lock:  # two makes at once: the second waits and finds the work done
        fcntl.flock(lock, fcntl.LOCK_EX)
        if arguments.lock:
            make_venv()
            install_tools()
            resolve()
            return
        wanted = fingerprint()
        if read(STAMP) == wanted:
            return
        make_venv()
        install_tools()
        install_packages()
        install_project()
        with open(STAMP, "w") as stamp:
            stamp.write(wanted)


def run_under_newer_python() -> None:
    for minor in range(FLOOR[1], FLOOR[1] + 8):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0:
            os.execv(found, [found, "-I", os.path.abspath(__file__), *sys.argv[1:]])
    here = ".".join(map(str, sys.version_info[:2]))
    fail(f"Python {FLOOR[0]}.{FLOOR[1]} or newer is needed, this is {here}; try: make PYTHON=/path/to/python3.11")


def fingerprint() -> str:
    """Name the state of the environment: its interpreter, place (scripts hold absolute paths), locks and entry points."""
    parts = [ROOT, sys.version]
    parts += [read(name) for name in (*LOCKS, "pyproject.toml")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make_venv() -> None:
    version = tuple(sys.version_info[:2])
    probe = f"import sys; sys.exit((sys.prefix, sys.version_info[:2]) != ({VENV!r}, {version!r}))"
    if os.path.exists(PYTHON) and subprocess.run([PYTHON, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
        return
    with step(f"virtual environment (Python {version[0]}.{version[1]})"):
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode == 0:
            return
        # Some distributions ship Python without ensurepip; their pip can install into an environment that has none.
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV], check=False)
        if not os.path.exists(PYTHON) or not pip("--version", quiet=True):
            shutil.rmtree(VENV, ignore_errors=True)
            reason = "python -m venv failed; install your system's python3-venv, or: make PYTHON=/another/python3"
            fail(f"{reason}\n{made.stdout.decode()}")


def pip(*arguments: str, quiet: bool = False) -> bool:
    if subprocess.run([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL).returncode == 0:
        command = [PYTHON, "-m", "pip"]
    else:
        command = [sys.executable, "-m", "pip", "--python", PYTHON]
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command + list(arguments), stdout=sink, stderr=sink).returncode == 0


def install_tools() -> None:
    have = subprocess.run([PYTHON, "-m", "uv", "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pinned = [line.split("==")[1].split()[0] for line in read(TOOLS).splitlines() if line.startswith("uv==")]
    if have.returncode == 0 and have.stdout.decode().split()[1:2] == pinned:
        return
    with step("uv and the build back end"):
        if not pip("install", "-qq", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:", "-r", TOOLS):
            fail(f"pip could not install {TOOLS}; does `pip download uv` work on this machine?")


def install_packages() -> None:
    with step(f"packages of {LOCKS[0]}"):
        uv("pip", "sync", "-q", "--require-hashes", "--compile-bytecode", *LOCKS)  # every start is seconds faster


def install_project() -> None:
    with step("the project, editable"):
        uv("pip", "install", "-q", "--no-deps", "--no-build-isolation", "--editable", ".")


def resolve() -> None:
    # From the main index alone: an extra index is often a partial mirror, and its hashes would lack other platforms.
    for name in ("UV_INDEX", "UV_FIND_LINKS"):
        os.environ[name] = ""
    options = [
        "-q",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--universal",
        "--python-version",
        "3.11",
    ]
    with step("resolve requirements/dev.lock"):
        uv("pip", "compile", "pyproject.toml", "--all-extras", "--group", "dev", *options, "-o", LOCKS[0])
    with step(f"resolve {TOOLS}"):  # within the versions of the first, as both are synced together
        uv("pip", "compile", "requirements/tools.in", "-c", LOCKS[0], "--no-annotate", *options, "-o", TOOLS)


def uv(*arguments: str) -> None:
    env = dict(os.environ, UV_CUSTOM_COMPILE_COMMAND="make lock", UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=VENV)
    if not os.access(os.path.expanduser("~"), os.W_OK):
        env.setdefault("UV_CACHE_DIR", os.path.join(ROOT, ".data", "cache", "uv"))
    for name, value in index_settings().items():
        env.setdefault(name, value)
    # Hashes bind what is installed, so every index may be asked for every package, as pip does.
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if subprocess.run([PYTHON, "-m", "uv", *arguments], env=env).returncode != 0:
        fail(f"uv {' '.join(arguments[:2])} failed, see above")


def index_settings() -> dict[str, str]:
    """Say in uv's variables where pip of this machine finds packages."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout.decode()
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):  # later wins, as in pip
        for line in listed.splitlines():
            key, _, value = line.partition("=")
            name = key[len(section) + 1 :]
            if key.startswith(section + ".") and name in INDEX:
                found[INDEX[name]] = ast.literal_eval(value)
    for name in ("UV_INDEX", "UV_INSECURE_HOST"):
        if name in found:
            found[name] = " ".join(found[name].split())
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = ",".join(found["UV_FIND_LINKS"].split())
    return found


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print one line per step with the seconds it took."""
    since, word = time.monotonic(), "FAIL"
    try:
        yield
        word = "ok"
    finally:
        print(f"  {word:<4} {what:<44} {time.monotonic() - since:6.1f} s", flush=True)


def read(name: str) -> str:
    try:
        with open(name) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def fail(reason: str) -> NoReturn:
    sys.exit("bootstrap: " + reason)


if __name__ == "__main__":
    main()
