"""A process of streams on the database of the tests, and people who listen."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.conf import settings
from tessera.access.tests.people import make_role
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account, personal_token, program_token
from tessera.context import system
from tessera.embedded.server import free_port
from tessera.embedded.supervisor import health
from tessera.fields import new_id
from tessera.testing.kept import _database  # noqa: F401
from tessera.testing.plugin import ROOT, entered
from tessera.unit_of_work import unit_of_work

from frontend_api.streams.tests.line import Line

PATIENCE = 60.0


@pytest.fixture(scope="module")
def server(_database):  # noqa: F811
    """Run the process of streams for a file of tests."""
    with serving() as server:
        yield server


@contextmanager
def serving():
    """Run the process of streams as the plan does, but for the checks; yields its address and process."""
    port = free_port()
    name = settings.DATABASES["default"]["NAME"]
    environment = os.environ | {"DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name}
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    log = ROOT / ".data" / "test" / f"streams-{port}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*command, "--workers", "1", "frontend_api.streams.tests.served:application"],
            env=environment,
            cwd=ROOT,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while health(port, "/health") != "200":
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield SimpleNamespace(url=f"http://127.0.0.1:{port}", process=process, log=log)
        finally:
            process.terminate()
            process.wait(60)
    log.unlink()


@pytest.fixture
def person(tenant, settings):
    """Return a function that makes a member with a right to authors, and says how it signs in."""
    settings.ROOT_URLCONF = "tessera.accounts.tests.urls"

    def make(reach="all", right="library__author_view"):
        with entered(tenant, actor=system("test")):
            role = make_role(f"role {new_id()}", **{right: reach})
        account = make_account(f"{new_id().hex}@example.com")
        member = join(tenant, account, role)
        token = personal_token(tenant, member)
        session = program_token(Browser(), tenant, account)
        return SimpleNamespace(account=account, member=member, role=role, token=token, secret=token.secret, session=session)

    return make


@pytest.fixture
def listen(server, tenant):
    """Return a function that opens a line to tenant A; all lines are closed at the end."""
    lines = []

    def open_line(secret, **options):
        lines.append(Line(server.url, options.pop("host", host_of(tenant)), secret, **options))
        return lines[-1]

    yield open_line
    for line in lines:
        line.close()


@pytest.fixture
def write(tenant):
    """Return a function that runs what is given in a unit of work of its own, as the system."""

    def run(work, where=tenant):
        with entered(where, actor=system("test")), unit_of_work():
            return work()

    return run
