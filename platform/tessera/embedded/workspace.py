"""Where things lie in a checkout, and what its processes are told."""

import contextlib
import os
import secrets
import shutil
import socket
import sys
from hashlib import sha256
from pathlib import Path

from tessera.embedded.locks import alone
from tessera.embedded.postgres import Postgres, Profile
from tessera.embedded.server import Server, ServerError, free_port, port_is_free, write_private
from tessera.embedded.valkey import Valkey

PREFERRED_PORTS = {"web": 8000, "streams": 8001, "stripe": 8002}


def checkout() -> Path:
    """Find the root of the checkout, or the working directory where the package is installed without one."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


class Workspace:
    """One set of servers, ports and logs: `.data/<name>` of the checkout.

    `name` is the profile unless told otherwise; two names never share anything. `external` are the variables that the
    caller's environment sets, which take the place of the embedded servers.
    """

    def __init__(self, profile: Profile = "dev", *, name: str = "", root: Path | None = None) -> None:
        self.root = root or checkout()
        self.data = self.root / ".data"
        self.home = self.data / (name or profile)
        self.logs = self.home / "log"
        self.run = self.home / "run"
        self.postgres = Postgres(self.home, profile)
        self.valkey = Valkey(self.home, profile)
        self.external = {key: os.environ[key] for key in ("DATABASE_URL", "REDIS_URL") if os.environ.get(key)}

    def make(self) -> None:
        """Create the directories."""
        for path in (self.home, self.logs, self.run):
            path.mkdir(parents=True, exist_ok=True)

    def servers(self) -> list[Server]:
        """List the embedded servers that this environment needs."""
        wanted: list[tuple[str, Server]] = [("DATABASE_URL", self.postgres), ("REDIS_URL", self.valkey)]
        return [server for variable, server in wanted if variable not in self.external]

    def port(self, name: str = "web") -> int:
        """Give the port of a server: the one of last time, else that of PREFERRED_PORTS for `make up`, else any that is free."""
        self.make()
        file = self.home / f"{name}.port"
        with alone(self.home / f"{name}.port.lock"):
            if not file.exists():
                write_private(file, str(free_port(PREFERRED_PORTS[name] if self.home.name == "dev" else 0)))
        return int(file.read_text())

    def claim_port(self, name: str = "web") -> socket.socket:
        """Claim a port, another one if somebody else has it; it is ours until the returned socket is closed.

        The claim is the UDP port of the same number, which no web server uses and the kernel gives once: two checkouts
        that start at the same moment never take the same.
        """
        for candidate in (self.port(name), *(free_port() for _ in range(9))):
            claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError):
                claim.bind(("127.0.0.1", candidate))
                if port_is_free(candidate):
                    write_private(self.home / f"{name}.port", str(candidate))
                    return claim
            claim.close()
        raise ServerError(f"no free port for the server of {name} on 127.0.0.1")

    def secret(self) -> str:
        """Give the checkout's secret key, made once."""
        file = self.data / "secret"
        if not file.exists():
            new = self.data / f"secret.{os.getpid()}"
            write_private(new, secrets.token_urlsafe(50))
            with contextlib.suppress(FileExistsError):  # another process was first: its key counts
                os.link(new, file)
            new.unlink()
        return file.read_text()

    def environment(self) -> dict[str, str]:
        """Give the environment of a process of this workspace; the embedded servers have to be up.

        What the caller's own environment sets for SECRET_KEY and DJANGO_SETTINGS_MODULE stays.
        """
        port = self.port()
        own = {
            "SECRET_KEY": os.environ.get("SECRET_KEY") or self.secret(),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE") or "tessera.settings.dev",
            "TESSERA_PORT": str(port),
            "TESSERA_BASE_DOMAIN": f"localhost:{port}",
            "TESSERA_MAIL_FOLDER": str(self.home / "mail"),
            "PYTHONUNBUFFERED": "1",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        }
        urls = {"DATABASE_URL": "", "REDIS_URL": ""} | self.external
        urls["DATABASE_URL"] = urls["DATABASE_URL"] or self.postgres.url()
        urls["REDIS_URL"] = urls["REDIS_URL"] or self.valkey.url()
        return {**os.environ, **own, **urls}

    def story_file(self) -> Path:
        """Say where the people of the sample company in this database are kept; no file, no story yet.

        It lies with the database, so that removing one forgets the other.
        """
        if url := self.external.get("DATABASE_URL"):
            return self.home / f"story-{sha256(url.encode()).hexdigest()[:12]}.json"
        return self.postgres.home / "story.json"

    def keep_story(self) -> None:
        """Keep what the story wrote, as a later story of another workspace overwrites it."""
        shutil.copy(self.data / "story.json", self.story_file())
