"""Operators for tests: with a password and a second factor, signed in as a browser does."""

import time
from collections.abc import Iterable
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from tessera.accounts.models import Account
from tessera.accounts.operators.services import make_operator
from tessera.accounts.tests.hosts import PASSWORD, Browser, host_of


def operator(email: str = "olga@tessera.example", rights: Iterable[str] = ()) -> tuple[Account, str]:
    """Return an operator's account and the secret of its second factor."""
    account, _new = make_operator(email=email, name="Olga", rights=rights)
    account.set_password(PASSWORD)
    account.save()
    secret = generate_totp_secret()
    TOTP.activate(account, secret)
    return account, secret


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def signed_in(email: str, secret: str) -> Any:
    """Return a client of the accounts host on which an operator has signed in with both factors."""
    browser = Browser()
    browser.sign_in(email)
    client = browser.on(host_of())
    assert client.post("/account/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    return client
