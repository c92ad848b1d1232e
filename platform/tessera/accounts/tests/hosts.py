"""The two kinds of hosts for tests: a browser on each, and the cast with accounts."""

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from tessera.access.models import Member, Role
from tessera.access.services.roles import ensure_platform_roles
from tessera.access.tests.people import make_ada, make_bob
from tessera.accounts.models import Account
from tessera.accounts.services import add_membership, create_account
from tessera.context import system
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

PASSWORD = "correct horse 42"


def host_of(tenant: Any = None) -> str:
    """Return the Host header of a tenant, or of the accounts host."""
    return f"{tenant.slug}.{settings.BASE_DOMAIN}" if tenant else settings.BASE_DOMAIN


class Browser:
    """Follows redirects across hosts with a cookie jar per host, like a browser does."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.trail: list[str] = []

    def on(self, host: str) -> Client:
        """Return the client that keeps the cookies of one host."""
        return self.clients.setdefault(host, Client(HTTP_HOST=host))

    def get(self, url: str, **headers: str) -> Any:
        """Get an absolute address and follow its redirects; the last response has `url` set."""
        for _hop in range(10):
            parts = urlsplit(url)
            client = self.on(parts.netloc)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            response = client.get(path, **headers)
            self.trail.append(f"{parts.netloc}{parts.path}")
            if response.status_code not in (301, 302):
                response.url = url
                return response
            location = response["Location"]
            url = location if "://" in location else f"{parts.scheme}://{parts.netloc}{location}"
        raise AssertionError(f"too many redirects: {self.trail}")

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        """Sign in on the accounts host."""
        return self.on(host_of()).post("/account/login/", {"login": email, "password": password})

    def cookies(self, host: str) -> SimpleCookie:
        """Return the cookies of one host."""
        return self.on(host).cookies


def make_account(email: str, *, name: str = "", password: str = PASSWORD) -> Account:
    """Make an account whose address is verified."""
    return create_account(email=email, password=password, name=name, verified=True)


def join(tenant: Any, account: Account, *roles: Role, owner: bool = False) -> Member:
    """Make an account an active member of a tenant, and index it."""
    with entered(tenant, actor=system("test")):
        with unit_of_work():
            ensure_platform_roles()
        member = make_ada(account.pk) if owner else make_bob(account.pk, *roles, email=account.email, name=account.name or "Bob")
    add_membership(account_id=account.pk, tenant_id=tenant.id)
    return member
