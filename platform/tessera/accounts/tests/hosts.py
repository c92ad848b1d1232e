"""The two kinds of hosts for tests: a browser on each, and the cast with accounts."""

import json
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from tessera.access.models import Member, Role
from tessera.access.selectors import actor_of
from tessera.access.services import IssuedToken, issue_token
from tessera.access.services.roles import ensure_platform_roles
from tessera.access.tests.people import make_ada, make_bob
from tessera.accounts.models import Account
from tessera.accounts.services import add_membership, create_account, issue_code
from tessera.context import acting, system
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


def signed_in(browser: Browser, tenant: Any, email: str = "bob@example.com") -> Any:
    """Go the whole way of a browser: the company's page, sign in, and back."""
    browser.sign_in(email)
    return browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami")


def bearer(client: Client, secret: str) -> Any:
    """Ask who one is with a bearer token."""
    return client.get("/whoami", HTTP_AUTHORIZATION=f"Bearer {secret}")


def program_token(browser: Browser, tenant: Any, account: Account) -> str:
    """Return the token that a program gets for a code."""
    code = issue_code(account=account, tenant_id=tenant.id)
    answer = browser.on(host_of(tenant)).post("/session", json.dumps({"code": code}), content_type="application/json")
    return answer.json()["token"]


def personal_token(tenant: Any, member: Member, scopes: Iterable[str] = ("*",)) -> IssuedToken:
    """Issue a member a token of its own."""
    with entered(tenant, actor=system("test")), acting(actor_of(member)):
        return issue_token(name="script", scopes=list(scopes))
