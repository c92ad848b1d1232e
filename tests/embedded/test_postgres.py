"""The embedded PostgreSQL: what it survives, what its roles may do."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tessera.embedded.postgres import CLUSTER_SQL, Postgres, binaries
from tessera.embedded.server import ServerError

from tests.embedded.conftest import ends, kill, processes_of

Query = Callable[..., list[tuple]]
STARTER = """
import sys
from pathlib import Path
from tessera.embedded.postgres import Postgres
server = Postgres(Path(sys.argv[1]), "test").start()
print(server.pid(), flush=True)
sys.stdin.read()
"""


def test_rows_outlive_a_stop_and_nothing_else_does(home: Path, query: Query) -> None:
    server = Postgres(home, "crash").start()
    query(server.url(superuser=True), "CREATE TABLE t AS SELECT 7 AS n")
    assert server.stop() is True
    assert processes_of(home) == []
    assert server.running() is False
    port = server.port
    server.start()
    assert query(server.url(superuser=True), "SELECT n FROM t") == [(7,)]
    assert server.port == port
    assert query(server.url(over_socket=True), "SELECT current_user") == [("tessera_app",)]


def test_six_starters_at_once_share_one_postmaster_until_the_last_is_gone(home: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    pids = {starter.stdout.readline().strip() for starter in starters}  # type: ignore[union-attr]
    assert len(pids) == 1 and pids != {""}
    server = Postgres(home, "test")
    for starter in starters[:5]:
        starter.kill()
        starter.communicate()
    assert server.running() and server.in_use()
    starters[5].communicate("")
    assert ends(server), "the last user is gone, the server is not"
    assert processes_of(home) == []


@pytest.mark.parametrize("victim", ["postmaster", "keeper"])
def test_a_committed_row_outlives_kill_9(home: Path, query: Query, victim: str) -> None:
    server = Postgres(home, "crash").start()
    query(server.url(superuser=True), "CREATE TABLE t (n int)")
    query(server.url(superuser=True), "INSERT INTO t VALUES (7)")
    if victim == "postmaster":
        kill(server)
    else:
        os.kill(int((server.home / "keeper.pid").read_text()), signal.SIGKILL)
        server._keeper.wait()  # type: ignore[union-attr]
    assert server.running() is False
    server.start()
    assert query(server.url(superuser=True), "SELECT n FROM t") == [(7,)]


def test_kill_9_of_its_only_user_stops_the_server(home: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None and starter.stdout.readline().strip()
    starter.kill()
    starter.communicate()
    assert ends(Postgres(home))
    assert processes_of(home) == []


def test_a_half_made_cluster_is_made_again(home: Path, query: Query) -> None:
    unfinished = home / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert query(Postgres(home, "test").start().url(), "SELECT 1") == [(1,)]


def test_a_lock_file_that_names_a_living_stranger_blocks_nothing(home: Path, query: Query) -> None:
    server = Postgres(home, "test").start()
    assert server.stop() is True
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n{server.port}\n\n\n\nready   \n")
    for name in (f".s.PGSQL.{server.port}", f".s.PGSQL.{server.port}.lock"):
        (server.socket_directory / name).write_text(f"{os.getpid()}\n")
    assert query(server.start().url(over_socket=True), "SELECT 1") == [(1,)]
    assert server.pid() != os.getpid()


def test_a_taken_port_is_replaced(home: Path, query: Query) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (home / "postgres").mkdir()
        (home / "postgres" / "port").write_text(str(other.getsockname()[1]))
        server = Postgres(home, "test").start()
        assert server.port != other.getsockname()[1]
        assert query(server.url(), "SELECT 1") == [(1,)]


def test_a_path_longer_than_a_socket_name_works(home: Path, query: Query) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    server = Postgres(deep, "test").start()
    try:
        assert str(server.socket_directory).startswith("/tmp/tessera-")
        assert query(server.url(over_socket=True), "SELECT 1") == [(1,)]
    finally:
        server.stop(force=True)
    assert not server.socket_directory.exists()


def test_the_application_role_owns_nothing_and_creates_nowhere(postgres: Postgres, query: Query) -> None:
    flags = "rolsuper, rolinherit, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb"
    assert query(postgres.url(), f"SELECT {flags} FROM pg_roles WHERE rolname = current_user") == [
        (False, False, False, False, False, True)  # the last in the test profile alone
    ]
    for statement in ("CREATE TABLE ext.x (n int)", "CREATE TABLE public.x (n int)", "CREATE SCHEMA x", "DROP SCHEMA ext"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(postgres.url(), statement)
    assert query(postgres.url(), "SELECT ext.unaccent('é'), ext.similarity('a', 'a')") == [("e", 1.0)]


def test_what_the_owner_creates_the_application_reads_and_writes(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("SET LOCAL ROLE tessera_owner")
        connection.execute("CREATE SCHEMA tenant")
        connection.execute("CREATE TABLE tenant.t (id bigint GENERATED BY DEFAULT AS IDENTITY, n int)")
        connection.execute("CREATE FUNCTION ext.one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        connection.commit()
        assert connection.execute("SELECT current_user").fetchone() == ("tessera_app",)
        connection.execute("INSERT INTO tenant.t (n) VALUES (7)")
        connection.execute("UPDATE tenant.t SET n = n + ext.one()")
        assert connection.execute("SELECT n FROM tenant.t").fetchone() == (8,)
        connection.execute("DELETE FROM tenant.t")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("TRUNCATE tenant.t")


def test_a_clone_has_what_its_template_has(postgres: Postgres, query: Query) -> None:
    postgres.prepare_database("template")
    postgres.prepare_database("template")
    query(postgres.url("template"), "SET ROLE tessera_owner; CREATE SCHEMA a; CREATE TABLE a.t AS SELECT 7 AS n")
    for _ in range(2):
        postgres.clone_database("template", "clone")
    assert query(postgres.url("clone"), "SELECT n FROM a.t") == [(7,)]
    extensions = "SELECT extname, extnamespace::regnamespace::text FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"
    assert query(postgres.url("clone"), extensions) == [("btree_gist", "ext"), ("pg_trgm", "ext"), ("unaccent", "ext")]
    postgres.drop_database("clone")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        query(postgres.url("clone"), "SELECT 1")


@pytest.mark.parametrize("name", ["", "a-b", 'a"; DROP DATABASE tessera; --', "A", "x" * 64])
def test_only_plain_database_names_are_taken(postgres: Postgres, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain database name"):
        postgres.prepare_database(name)


def test_passwords_are_asked_for_and_kept_private(postgres: Postgres, query: Query) -> None:
    passwords = postgres.home / "passwords.json"
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(passwords.read_text())) == {"postgres", "tessera_app"}
    for over_socket in (False, True):
        wrong = postgres.url(superuser=True, over_socket=over_socket).replace(postgres.password("postgres"), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            query(wrong, "SELECT 1")


def test_an_administrator_without_superuser_prepares_a_managed_cluster(home: Path, query: Query) -> None:
    server = Postgres(home, "test").start()
    root = server.url("postgres", superuser=True)
    query(root, "DROP DATABASE tessera")
    query(root, "DROP ROLE tessera_app")
    query(root, "DROP ROLE tessera_owner")
    query(root, "CREATE ROLE admin LOGIN CREATEDB CREATEROLE PASSWORD 'admin'")
    for _ in range(2):
        subprocess.run(
            [binaries() / "psql", "-X", f"postgresql://admin:admin@127.0.0.1:{server.port}/postgres", "-f", CLUSTER_SQL],
            env=os.environ | {"TESSERA_APP_PASSWORD": server.password("tessera_app")},
            check=True,
        )
    assert query(server.url(), "SELECT current_user, ext.unaccent('é')") == [("tessera_app", "e")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query(server.url(), "CREATE TABLE ext.x (n int)")
    with psycopg.connect(server.url()) as connection:
        connection.execute("SET LOCAL ROLE tessera_owner")
        connection.execute("CREATE SCHEMA tenant")
        connection.execute("CREATE TABLE tenant.t (n int)")
        connection.execute("RESET ROLE")
        connection.execute("INSERT INTO tenant.t VALUES (1)")


def test_a_cluster_of_another_version_is_named(home: Path) -> None:
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match="made by PostgreSQL 17, this is 18"):
        Postgres(home, "test").start()


def test_root_without_user_namespaces_is_told_what_to_do(home: Path) -> None:
    probe = ["unshare", "--user", "--map-root-user"]
    try:
        subprocess.run([*probe, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine has no unshare, or refuses user namespaces altogether")
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    tried = subprocess.run(
        [*probe, "sh", "-c", script, "sh", sys.executable, "-c", STARTER, str(home)],
        input="",
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 1
    assert "run as an ordinary user" in tried.stderr
    assert "DATABASE_URL" in tried.stderr
