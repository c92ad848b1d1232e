"""An app on a telephone, for tests: it sends people to sign in, and turns codes into tokens."""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

from tessera.access.models import AccessToken
from tessera.accounts.oauth.services import RegisteredApp, make_app
from tessera.accounts.tests.hosts import Browser, host_of
from tessera.context import system
from tessera.outbox.models import OutboxEvent
from tessera.testing.plugin import entered

BACK = "com.example.app:/done"
AUTHORIZE, TOKEN = "/identity/o/authorize", "/identity/o/api/token"


def register(*scopes: str, tenant: Any = None, **more: Any) -> RegisteredApp:
    """Register an app, for every company or for one."""
    values = {"name": "Pocket", "redirect_uris": [BACK], "confidential": False} | more
    return make_app(scopes=list(scopes), tenant_id=tenant.id if tenant else None, **values)


@dataclass
class Telephone:
    """One installation of an app; `browser` is where its user signs in."""

    registered: RegisteredApp
    browser: Browser
    scope: str = "openid all"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    tokens: dict[str, Any] = field(default_factory=dict)

    def asked(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of a request to be let in; None leaves one out."""
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        values = {
            "response_type": "code",
            "client_id": self.registered.app.client_id,
            "redirect_uri": BACK,
            "scope": self.scope,
            "state": "s1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (values | more).items() if value is not None}

    def open(self, **more: Any) -> Any:
        """Ask to be let in, and return what the browser gets."""
        return self.browser.on(host_of()).get(f"{AUTHORIZE}?{urlencode(self.asked(**more), doseq=True)}")

    def answer(self, page: Any, **values: str) -> Any:
        """Press a button of the page that asks, by default the one that lets it in."""
        (signed,) = re.findall(r'name="request" value="([^"]+)"', page.content.decode())
        return self.browser.on(host_of()).post(AUTHORIZE, {"request": signed, "action": "grant"} | values)

    def let_in(self, tenant: Any, **more: Any) -> str:
        """Be let into a company by whoever is signed in; return the code."""
        page = self.open(**more)
        if page.status_code == 200:
            page = self.answer(page, tenant=tenant.id.hex)
        return brought(page)["code"]

    def exchange(self, code: str, **more: str) -> Any:
        """Ask for tokens with a code."""
        values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": self.verifier}
        return self.post(TOKEN, **(values | more))

    def renew(self, refresh: str = "", **more: str) -> Any:
        """Ask for new tokens with the refresh token."""
        return self.post(TOKEN, grant_type="refresh_token", refresh_token=refresh or self.tokens["refresh_token"], **more)

    def post(self, path: str, **values: str) -> Any:
        """Post to the provider, saying which app this is."""
        known = {"client_id": self.registered.app.client_id}
        if self.registered.secret:
            known["client_secret"] = self.registered.secret
        return Client(HTTP_HOST=host_of()).post(path, known | values)

    def sign_in(self, tenant: Any, **more: Any) -> "Telephone":
        """Go the whole way into a company."""
        answer = self.exchange(self.let_in(tenant, **more), device_name="Bob's phone", device_platform="Android 16")
        assert answer.status_code == 200, answer.content
        self.tokens = answer.json()
        return self

    def whoami(self, tenant: Any, secret: str = "") -> Any:
        """Ask a company who one is."""
        header = f"Bearer {secret or self.tokens['access_token']}"
        return Client(HTTP_HOST=host_of(tenant)).get("/whoami", HTTP_AUTHORIZATION=header)


def brought(response: Any) -> dict[str, str]:
    """Return what a redirect brings back to the app."""
    assert response.status_code == 302, response.content
    assert response["Location"].startswith(BACK), response["Location"]
    return dict(parse_qsl(urlsplit(response["Location"]).query))


def device(tenant: Any, **values: Any) -> AccessToken:
    """Return the only token of a tenant with these values."""
    with entered(tenant, actor=system("test")):
        return AccessToken.objects.get(**values)


def facts(tenant: Any, name: str) -> int:
    """Return how many facts of a name a tenant has."""
    with entered(tenant, actor=system("test")):
        return OutboxEvent.objects.filter(name=name).count()
