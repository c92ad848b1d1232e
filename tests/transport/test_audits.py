"""The API speaks GraphQL over HTTP to the letter: the audits of the npm package graphql-http."""

import json
import shutil
import subprocess
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from tessera.context import EVERYTHING, Actor
from tessera.fields import new_id

from tests.npm import NODE, installed

HERE = Path(__file__).parent


class Quiet(WSGIRequestHandler):
    """A server that logs nothing."""

    def log_message(self, *_rest):
        pass


@pytest.fixture
def served(tenant, monkeypatch):
    """Serve the product to bob of tenant A; yields the address."""
    bob = Actor(kind="member", member_id=new_id(), name="bob", grants={"base.company_view": EVERYTHING})
    monkeypatch.setattr("frontend_api.views.authenticate", lambda request, tenant: bob)
    application = get_wsgi_application()

    def in_tenant(environ, start_response):
        try:
            yield from application(environ | {"HTTP_HOST": "a.localhost"}, start_response)
        finally:
            connections.close_all()

    with make_server("127.0.0.1", 0, in_tenant, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/graphql"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def packages():
    """Return a directory with the packages and the program that runs the audits."""
    kept = installed(HERE)
    shutil.copy(HERE / "audits.mjs", kept)
    return kept


@pytest.mark.slow
def test_every_audit_passes(served, packages):
    run = subprocess.run(
        [NODE, "audits.mjs", served],
        cwd=packages,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == 61
    assert [each for each in found if each["status"] != "ok"] == []
