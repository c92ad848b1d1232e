"""Authenticator apps, recovery codes and passkeys.

Those whose pages open a transaction of their own run with real commits: outside any tenant, as in
production, where a test's surrounding transaction would be one of a tenant.
"""

import json
import time
from hashlib import sha256

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from tessera.accounts.tests.hosts import PASSWORD, Browser, host_of, join, make_account
from tessera.accounts.tests.test_login_api import error, login


@pytest.fixture
def bob(browser, tenant):
    account = make_account("bob@example.com", name="Bob")
    join(tenant, account)
    browser.sign_in("bob@example.com")
    return account


def code_now(secret, later=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def reauthenticated(browser):
    """Return the client of the accounts host after it has said the password again, as changing factors needs."""
    client = browser.on(host_of())
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def turn_on_totp(browser):
    client = reauthenticated(browser)
    assert client.get("/account/2fa/totp/activate/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    answer = client.post("/account/2fa/totp/activate/", {"code": code_now(secret)})
    assert answer["Location"] == "/account/2fa/recovery-codes/"
    return secret


@pytest.mark.committed
def test_app_is_asked_for_after_the_password(browser, tenant, bob):
    secret = turn_on_totp(browser)
    fresh = Browser()
    answer = fresh.sign_in("bob@example.com")
    assert answer["Location"] == "/account/2fa/authenticate/"
    assert (
        fresh.get(f"http://{host_of()}/switch").url.partition("?")[0].endswith(("/account/login/", "/account/2fa/authenticate/"))
    )
    wrong = fresh.on(host_of()).post("/account/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200 and "Incorrect code" in wrong.content.decode()
    fresh.on(host_of()).post("/account/2fa/authenticate/", {"code": code_now(secret)})
    assert fresh.get(f"http://{host_of(tenant)}/session/start?next=/whoami").json()["name"] == "Bob"


@pytest.mark.committed
def test_secret_is_stored_sealed(browser, bob):
    secret = turn_on_totp(browser)
    assert secret not in str(Authenticator.objects.get(type="totp").data)


@pytest.mark.committed
def test_program_needs_the_code_and_no_code_works_twice(browser, bob):
    secret = turn_on_totp(browser)
    assert error(login(browser, email="bob@example.com", password=PASSWORD)) == (401, "UNAUTHENTICATED", ["code"])
    code = code_now(secret)
    assert login(browser, email="bob@example.com", password=PASSWORD, code=code).status_code == 200
    assert error(login(browser, email="bob@example.com", password=PASSWORD, code=code)) == (401, "UNAUTHENTICATED", ["code"])


@pytest.mark.committed
def test_recovery_code_works_once(browser, bob):
    turn_on_totp(browser)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    assert login(browser, email="bob@example.com", password=PASSWORD, code=code).status_code == 200
    assert login(browser, email="bob@example.com", password=PASSWORD, code=code).status_code == 401


@pytest.mark.committed
def test_guessing_codes_is_stopped(browser, bob):
    turn_on_totp(browser)
    tries = [login(browser, f"10.1.0.{n}", email="bob@example.com", password=PASSWORD, code=f"00000{n}") for n in range(7)]
    assert [error(answer)[1] for answer in tries] == ["UNAUTHENTICATED"] * 5 + ["RATE_LIMITED"] * 2


class Passkey:
    """An authenticator in software: one key for one site."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = sha256(b"passkey of bob").digest()
        self.counter = 0

    def _data(self, rp_id, flags, attested=b""):
        self.counter += 1
        return AuthenticatorData.create(sha256(rp_id.encode()).digest(), flags, self.counter, attested)

    def register(self, options, origin):
        public = options["publicKey"]
        client = CollectedClientData.create("webauthn.create", public["challenge"], origin)
        attested = AttestedCredentialData.create(b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key()))
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
        made = AttestationObject.create("none", self._data(public["rp"]["id"], flags, attested), {})
        self.user = public["user"]["id"]
        return self._answer(clientDataJSON=client, attestationObject=made) | {
            "clientExtensionResults": {"credProps": {"rk": True}}
        }

    def sign(self, options, origin):
        public = options["publicKey"]
        client = CollectedClientData.create("webauthn.get", public["challenge"], origin)
        data = self._data(public["rpId"], AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        answer = self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)
        answer["response"]["userHandle"] = self.user
        return answer

    def _answer(self, **response):
        encoded = {name: websafe_encode(bytes(value)) for name, value in response.items()}
        return {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key", "response": encoded}


def register(browser):
    client, passkey = reauthenticated(browser), Passkey()
    page = client.get("/account/2fa/webauthn/add/")
    options = json.loads(json.dumps(page.context["js_data"]["creation_options"], default=dict))
    credential = passkey.register(options, f"http://{host_of()}")
    answer = client.post(
        "/account/2fa/webauthn/add/", {"name": "Key", "passwordless": "on", "credential": json.dumps(credential)}
    )
    assert answer.status_code == 302, answer.content.decode()
    return passkey, credential


def test_passkey_is_registered_and_signs_in_alone(browser, tenant, bob):
    passkey, _credential = register(browser)
    fresh = Browser()
    client = fresh.on(host_of())
    options = client.get("/account/2fa/webauthn/login/", HTTP_ACCEPT="application/json").json()["request_options"]
    credential = passkey.sign(options, f"http://{host_of()}")
    assert client.post("/account/2fa/webauthn/login/", {"credential": json.dumps(credential)}).status_code == 302
    assert fresh.get(f"http://{host_of(tenant)}/session/start?next=/whoami").json()["name"] == "Bob"


def test_passkeys_answer_is_worthless_the_second_time(browser, bob):
    passkey, _credential = register(browser)
    first, second = Browser().on(host_of()), Browser().on(host_of())
    options = first.get("/account/2fa/webauthn/login/", HTTP_ACCEPT="application/json").json()["request_options"]
    credential = json.dumps(passkey.sign(options, f"http://{host_of()}"))
    assert "_auth_user_id" not in second.session
    second.get("/account/2fa/webauthn/login/", HTTP_ACCEPT="application/json")
    second.post("/account/2fa/webauthn/login/", {"credential": credential})
    assert "_auth_user_id" not in second.session
    first.post("/account/2fa/webauthn/login/", {"credential": credential})
    assert "_auth_user_id" in first.session


def test_passkey_of_another_key_does_not_sign_in(browser, bob):
    passkey, _credential = register(browser)
    passkey.key = ec.generate_private_key(ec.SECP256R1())
    client = Browser().on(host_of())
    options = client.get("/account/2fa/webauthn/login/", HTTP_ACCEPT="application/json").json()["request_options"]
    client.post("/account/2fa/webauthn/login/", {"credential": json.dumps(passkey.sign(options, f"http://{host_of()}"))})
    assert "_auth_user_id" not in client.session
