"""The embedded Valkey: what it survives, what it keeps."""

import os
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from tessera.embedded.valkey import Valkey

from tests.embedded.conftest import kill, processes_of


def test_a_written_key_outlives_kill_9(home: Path) -> None:
    server = Valkey(home, "crash").start()
    with redis.from_url(server.url()) as client:
        client.set("a", "1")
    kill(server)
    server.start()
    with redis.from_url(server.url()) as client:
        assert client.get("a") == b"1"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with redis.from_url(server.url(3)) as client:
        assert client.get("a") is None
    assert server.stop() is True
    assert processes_of(home) == []


def test_a_stale_socket_and_pid_block_nothing(home: Path) -> None:
    server = Valkey(home, "test").start()
    assert server.stop() is True
    (server.home / "valkey.pid").write_text(f"{os.getpid()}\n")
    server.socket_file.write_text("")
    with redis.from_url(server.start().url()) as client:
        assert client.ping() is True
    assert server.pid() != os.getpid()


def test_a_password_is_asked_for(home: Path) -> None:
    server = Valkey(home, "test").start()
    once = Retry(NoBackoff(), 0)
    for where in ({"port": server.port}, {"unix_socket_path": str(server.socket_file)}):
        with redis.Redis(**where, retry=once) as client, pytest.raises(redis.AuthenticationError):
            client.get("a")
    assert (server.home / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_a_path_longer_than_a_socket_name_works(home: Path) -> None:
    server = Valkey(home / ("d" * 60) / ("e" * 60), "test").start()
    try:
        with redis.Redis(unix_socket_path=str(server.socket_file), password=server.password("default")) as client:
            assert client.ping() is True
    finally:
        server.stop(force=True)
    assert not server.socket_directory.exists()
