"""The client of the npm package graphql-sse listens to our streams: it hears, goes on after a broken line, and is sent away."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tessera.accounts.services import end_session
from tessera.accounts.tests.hosts import host_of
from tessera.context import system
from tessera.graph.ids import encode
from tessera.testing.plugin import entered

from frontend_api.streams.tests.conftest import _database, person, server, write  # noqa: F401
from tests.npm import NODE, installed
from tests.samples.library.models import Author

HERE = Path(__file__).parent
NAMED = re.compile(rb"(\r\nhost: )127\.0\.0\.1:\d+(?=\r\n)", re.IGNORECASE)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def packages():
    """Return a directory with the packages and the program that listens."""
    kept = installed(HERE)
    shutil.copy(HERE / "streams.mjs", kept)
    return kept


class Wire:
    """Passes bytes on to an address, for a host that this machine need not know, until it is cut."""

    def __init__(self, address, host):
        self.to, self.ends, self.host = address, [], host.encode()
        self.door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._let_in, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.door.getsockname()[1]}"

    def cut(self):
        """Break every line that is open; new ones may come."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()

    def _let_in(self):
        with contextlib.suppress(OSError):
            while True:
                here, _ = self.door.accept()
                there = socket.create_connection(self.to)
                self.ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one, other):
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(NAMED.sub(b"\\1" + self.host, piece))
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class Client:
    """The program that listens; what it tells comes line by line."""

    def __init__(self, packages, *arguments):
        command = [NODE, "streams.mjs", *arguments]
        self.process = subprocess.Popen(command, cwd=packages, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def told(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def end(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def wire(server, tenant):  # noqa: F811
    address = urlsplit(server.url)
    wire = Wire((address.hostname, address.port), host_of(tenant))
    yield wire
    wire.cut()
    wire.door.close()


@pytest.fixture
def listen(wire, packages):
    """Return a function that starts a client; all are ended with the test."""
    clients = []

    def start(secret, since=""):
        clients.append(Client(packages, f"{wire.url}/graphql/stream", secret, since))
        return clients[-1]

    yield start
    for client in clients:
        client.end()


def author(name):
    made = Author(name=name)
    made.save()
    return made


def created(client):
    """Return the id and the cursor of the row that the client is told of."""
    change = client.told()["change"]
    assert (change["type"], change["op"]) == ("Author", "CREATED")
    return change["id"], change["cursor"]


def test_it_hears_of_changes_and_goes_on_where_its_line_broke(listen, wire, person, write):  # noqa: F811
    client = listen(person().secret)
    assert client.told() == {"connected": True}
    made = [write(lambda: author("Ann"))]
    heard = [created(client)]
    wire.cut()
    made += [write(lambda name=name: author(name)) for name in ("Ben", "Cleo")]
    assert client.told() == {"connected": True}
    heard += [created(client), created(client)]
    assert [key for key, _cursor in heard] == [encode("Author", each.pk) for each in made]
    later = listen(client.process.args[3], heard[0][1])
    assert later.told() == {"connected": True}
    assert [created(later)[0] for _ in range(2)] == [key for key, _cursor in heard[1:]]


def test_it_is_sent_away_when_its_session_ends_and_not_let_in_again(listen, person, tenant):  # noqa: F811
    who = person()
    client = listen(who.session)
    assert client.told() == {"connected": True}
    with entered(tenant, actor=system("test")):
        end_session(key=who.session)
    (error,) = client.told()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert client.told() == {"complete": True}
    assert listen(who.session).told() == {"failed": "Server responded with 401: Unauthorized", "status": 401}
