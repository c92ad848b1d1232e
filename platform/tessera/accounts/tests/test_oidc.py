"""Signing in through an OpenID provider that runs on this machine."""

import json
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tessera.accounts.models import Account
from tessera.accounts.tests.hosts import host_of, join, make_account

CLIENT, SECRET = "tessera", "provider's secret"


class Provider(ThreadingHTTPServer):
    """A provider with one RSA key; `claims` are those of whoever signs in next."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims = {}
        self.codes = {}
        self.presented = []

    def id_token(self):
        now = int(time.time())
        token = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        return jwt.encode(token, self.key, "RS256", headers={"kid": "1"})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, found):
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = self.server.url
        if self.path.startswith("/.well-known/"):
            self.answer(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "userinfo_endpoint": f"{url}/userinfo",
                    "jwks_uri": f"{url}/jwks",
                    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                }
            )
        elif self.path == "/userinfo":
            self.answer(self.server.claims)
        else:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key()))
            self.answer({"keys": [{**public, "kid": "1", "alg": "RS256", "use": "sig"}]})

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.presented.append((b64decode(self.headers["Authorization"].split()[1]).decode(), "code_verifier" in form))
        self.answer({"access_token": "x", "token_type": "Bearer", "id_token": self.server.id_token()})


@pytest.fixture
def provider(browser, settings):
    served = Provider()
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    app = {"provider_id": "oidc", "name": "Works", "client_id": CLIENT, "secret": SECRET, "settings": {"server_url": served.url}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def sign_in(browser, provider, **claims):
    """Go to the provider and come back as whoever the claims say."""
    client = browser.on(host_of())
    asked = client.post("/account/oidc/oidc/login/")
    query = parse_qs(urlsplit(asked["Location"]).query)
    assert query["redirect_uri"] == [f"http://{host_of()}/account/oidc/oidc/login/callback/"] and "code_challenge" in query
    provider.claims = claims
    return client.get("/account/oidc/oidc/login/callback/?" + urlencode({"code": "c", "state": query["state"][0]}))


def test_known_address_signs_in_and_reaches_its_company(browser, provider, tenant):
    join(tenant, make_account("bob@example.com", name="Bob"))
    assert "Works" in browser.on(host_of()).get("/account/login/").content.decode()
    sign_in(browser, provider, sub="1", email="bob@example.com", email_verified=True)
    assert browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami").json()["name"] == "Bob"
    assert provider.presented == [(f"{CLIENT}:{SECRET}", True)]


@pytest.mark.parametrize(
    "claims", [{"email": "bob@example.com", "email_verified": False}, {"email": "eve@example.com", "email_verified": True}, {}]
)
def test_unverified_and_unknown_addresses_do_not_sign_in(browser, provider, tenant, claims):
    join(tenant, make_account("bob@example.com"))
    sign_in(browser, provider, sub="2", **claims)
    assert "_auth_user_id" not in browser.on(host_of()).session
    assert Account.objects.count() == 1


def test_answer_to_another_browsers_question_is_refused(browser, provider, tenant):
    join(tenant, make_account("bob@example.com"))
    provider.claims = {"sub": "1", "email": "bob@example.com", "email_verified": True}
    browser.on(host_of()).get("/account/oidc/oidc/login/callback/?code=c&state=forged")
    assert "_auth_user_id" not in browser.on(host_of()).session and provider.presented == []


def test_without_configuration_there_is_no_provider(browser):
    assert browser.on(host_of()).post("/account/oidc/oidc/login/").status_code == 404
