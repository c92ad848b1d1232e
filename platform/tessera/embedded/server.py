"""What the embedded servers have in common: one process per home directory, shared by whoever needs it."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Self

from tessera.embedded.locks import Lock, alone

HERE = Path(__file__).resolve().parent
LAUNCH, KEEPER = HERE / "launch.py", HERE / "keeper.py"
START_PATIENCE = 90.0  # seconds; a loaded machine after kill -9 replays its log first
SOCKET_NAME_LIMIT = 103 if sys.platform == "darwin" else 107  # bytes, set by the system
LOG_LIMIT = 10 * 2**20


class ServerError(RuntimeError):
    """An embedded server cannot be found, started or reached; the text says what to do."""


class Server(ABC):
    """One server of this checkout, in its own directory under `home`: data, log, port, password and socket.

    Whoever calls `start` holds a lease until `stop` or the end of its process; the server runs as long as one lease is
    held (see `keeper.py`). Any number of processes may start it at once and get the same one.
    """

    name: str
    stop_signal: signal.Signals
    stop_patience = 30  # seconds until it is told to end at once

    def __init__(self, home: Path) -> None:
        self.home = home.absolute() / self.name
        self._lease = Lock(self.home / "lease")
        self._keeper_lock = Lock(self.home / "keeper.lock")
        self._server_lock = Lock(self.home / "server.lock")
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_start = 0  # bytes of the log that belong to earlier starts

    @abstractmethod
    def prepare(self) -> None:
        """Make data and configuration ready for a start; nothing else runs in `home` now."""

    @abstractmethod
    def command(self) -> list[str]:
        """Give the program and its arguments."""

    @abstractmethod
    def ready(self) -> bool:
        """Ask the running server whether it answers."""

    @abstractmethod
    def pid(self) -> int | None:
        """Read the process id of the server, None where it left none. It is true only while `running`."""

    def settle(self) -> None:
        """Bring a server that answers to the state that callers may rely on; runs at every start, changes nothing twice."""

    def mapped(self) -> bool:
        """Tell whether the program has to run in a user namespace."""
        return False

    def start(self) -> Self:
        """Start the server, or join the one that runs here, and return when it answers.

        Raises ServerError with the end of the server's log when it does not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        with alone(self.home / "start.lock"):
            if not self._lease.take(shared=True, patience=START_PATIENCE):
                raise ServerError(f"{self.name}: the one before is still stopping ({self.home})")
            try:
                self._log_start = self.log.stat().st_size if self.log.exists() else 0
                for _ in range(3):
                    if not self.running():
                        self._launch()
                    if self._await_ready():
                        break
                    if not self._port_taken():
                        raise ServerError(f"{self.name} did not start; the end of {self.log}:\n{self._log_tail()}")
                    (self.home / "port").unlink(missing_ok=True)
                else:
                    raise ServerError(f"{self.name}: three ports in a row were taken by others")
                self.settle()
            except BaseException:
                self._lease.release()
                raise
        return self

    def stop(self, *, force: bool = False) -> bool:
        """Let go of the server; with `force` stop it even if others use it. Answer whether it is gone."""
        self._lease.release()
        if force and self.running():
            os.kill(int((self.home / "keeper.pid").read_text()), signal.SIGTERM)
        deadline = time.monotonic() + self.stop_patience + 10
        while self._server_lock.held_by_another():
            if (not force and self.in_use()) or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        if self._keeper is not None:
            self._keeper.wait()
            self._keeper = None
        with alone(self.home / "start.lock"), suppress(OSError):
            if not self.running() and self.socket_directory.parent != self.home:
                self.socket_directory.rmdir()  # the short one elsewhere; the next start makes it again
        return True

    def running(self) -> bool:
        """Tell whether a server is kept here, by whatever process."""
        return self._keeper_lock.held_by_another()

    def in_use(self) -> bool:
        """Tell whether any process holds a lease: then it can be shared, but not taken alone."""
        lease = Lock(self._lease.path)
        if not lease.path.exists() or lease.held_by_another():
            return False
        free = lease.take()
        lease.release()
        return not free

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; kept over restarts while nobody else takes it."""
        return int((self.home / "port").read_text())

    @property
    def socket_directory(self) -> Path:
        """Where the Unix socket lies: in `home`, or in a short directory recorded there when that path is too long."""
        return Path((self.home / "socket-directory").read_text())

    def password(self, of: str) -> str:
        """Give the password of a role, made on first use, readable by this user alone."""
        file = self.home / "passwords.json"
        passwords: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        if of not in passwords:
            passwords[of] = secrets.token_urlsafe(24)
            write_private(file, json.dumps(passwords))
        return passwords[of]

    def _launch(self) -> None:
        if not self._server_lock.take(patience=1.0):
            self._end_orphan()
        if not self._keeper_lock.take(patience=5.0):
            raise ServerError(f"{self.name}: {self._keeper_lock.path} is held by another process")
        assert self._keeper_lock.fd is not None and self._server_lock.fd is not None
        try:
            if self._keeper is not None:
                self._keeper.wait()  # its server died
            self._choose_port()
            self._choose_socket_directory()
            self.prepare()
            if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
                self.log.replace(self.log.with_suffix(".1"))
            with self.log.open("ab") as log:
                locks = (self._keeper_lock.fd, self._server_lock.fd)
                self._log_start = log.tell()
                arguments = [str(self._lease.path), *map(str, locks), str(int(self.stop_signal)), str(self.stop_patience)]
                arguments.append("mapped" if self.mapped() else "plain")
                self._keeper = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(KEEPER), *arguments, *self.command()],
                    pass_fds=locks,
                    start_new_session=True,
                    env=clean_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            (self.home / "keeper.pid").write_text(str(self._keeper.pid))
        finally:
            self._keeper_lock.release()
            self._server_lock.release()

    def _end_orphan(self) -> None:
        """Stop a server whose keeper was killed, where the system did not do so by itself."""
        pid = self.pid()
        for sent, patience in ((self.stop_signal, 15.0), (signal.SIGQUIT, 10.0)):
            if pid is not None:
                try:
                    os.kill(pid, sent)
                except ProcessLookupError:
                    pass  # its children hold the lock for a moment longer
            if self._server_lock.take(patience=patience):
                return
        raise ServerError(f"{self.name}: a process of an earlier run still uses {self.home} (process {pid}); stop it")

    def _choose_port(self) -> None:
        file = self.home / "port"
        if not file.exists() or not port_is_free(self.port):
            write_private(file, str(free_port()))

    def _choose_socket_directory(self) -> None:
        directory = self.home / "s"
        longest = directory / ".s.PGSQL.65535.lock"
        if len(os.fsencode(longest)) > SOCKET_NAME_LIMIT:
            key = sha256(os.fsencode(self.home)).hexdigest()[:12]
            directory = Path("/tmp", f"tessera-{os.geteuid()}-{key}")  # noqa: S108 - checked below
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
        if directory.is_symlink() or status.st_uid != os.geteuid():
            raise ServerError(f"{self.name}: {directory} belongs to somebody else; remove it")
        directory.chmod(0o700)
        write_private(self.home / "socket-directory", str(directory))

    def _await_ready(self) -> bool:
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            if self.ready():
                return True
            if not self.running():
                return False
            time.sleep(0.02)
        raise ServerError(f"{self.name} does not answer after {START_PATIENCE:.0f} s; the end of {self.log}:\n{self._log_tail()}")

    def _port_taken(self) -> bool:
        return "ddress already in use" in self._log_tail()

    def _log_tail(self, lines: int = 15) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def free_port(prefer: int = 0) -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on."""
    if prefer and port_is_free(prefer):
        return prefer
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by this user alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment for a server: nothing of the caller's may change what it does."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"} | more


def executable(path: str | Path) -> Path | None:
    """Give the absolute path of a program that this user may run, or None."""
    found = shutil.which(str(path))
    return Path(found).resolve() if found else None
