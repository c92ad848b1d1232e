"""Signed tokens that are worth nothing in another tenant or for another purpose."""

from datetime import timedelta
from typing import Any

from django.core import signing  # allow raw-signing: this is where signatures are bound to the tenant

from tessera.context import current


class BadToken(ValueError):
    """Raised for a token that is forged, too old, of another tenant or for another purpose: all alike."""


def sign(purpose: str, value: Any) -> str:
    """Return a URL-safe token for a JSON value, good for `purpose` in the tenant in force."""
    return signing.dumps(value, salt=_salt(purpose))


def unsign(purpose: str, token: str, max_age: timedelta) -> Any:
    """Return the value of a token of the tenant in force; raise BadToken."""
    return _load(token, _salt(purpose), max_age)


def sign_public(purpose: str, value: Any) -> str:
    """Return a token for `purpose` outside any tenant, as on the accounts host."""
    return signing.dumps(value, salt=f"public:{purpose}")


def unsign_public(purpose: str, token: str, max_age: timedelta) -> Any:
    """Return the value of a token made outside any tenant; raise BadToken."""
    return _load(token, f"public:{purpose}", max_age)


def _salt(purpose: str) -> str:
    return f"{current().tenant.id}:{purpose}"


def _load(token: str, salt: str, max_age: timedelta) -> Any:
    try:
        return signing.loads(token, salt=salt, max_age=max_age)
    except signing.BadSignature as error:
        raise BadToken("this token is not valid") from error
