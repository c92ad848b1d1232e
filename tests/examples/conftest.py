"""The product over HTTP for the clients in examples, to one member of tenant A."""

import sys
import threading
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings
from tessera.access.tests.people import make_role
from tessera.accounts.tests.hosts import host_of, join, make_account, personal_token
from tessera.context import system
from tessera.testing.kept import _database  # noqa: F401
from tessera.testing.plugin import ROOT, entered

sys.path.insert(0, str(ROOT / "examples"))  # what lies there is no part of the product's packages

RIGHTS = {
    **{f"base__{noun}_{verb}": "all" for noun in ("party", "address") for verb in ("view", "create", "update")},
    "base__address_delete": "all",
}


class Quiet(WSGIRequestHandler):
    """A server that logs nothing."""

    def log_message(self, *_rest):
        pass


@pytest.fixture(scope="module")
def served(_database):  # noqa: F811
    """Serve tenant A; yields the address, the Host header, and the token of a member who works on parties."""
    from tenants.models import Tenant

    tenant = Tenant.objects.get(slug="a")
    with entered(tenant, actor=system("test")):
        role = make_role("clerk", **RIGHTS)
    member = join(tenant, make_account("clerk@example.com"), role)
    token = personal_token(tenant, member).secret
    application = get_wsgi_application()

    def closing(environ, start_response):
        try:
            yield from application(environ, start_response)
        finally:
            connections.close_all()

    endless = dict.fromkeys(("tenant", "person", "token", "app", "stranger"), (10**9, 10**9))
    with override_settings(TESSERA_BUDGETS=endless), make_server("127.0.0.1", 0, closing, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", host=host_of(tenant), token=token)
        server.shutdown()
        thread.join()
