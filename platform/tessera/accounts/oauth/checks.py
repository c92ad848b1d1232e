"""Refuse to start with a key for id tokens that nobody could trust, or with none."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.checks import Error, register

SHORTEST = 2048


@register()
def check_signing_keys(app_configs: Any, **options: Any) -> list[Error]:
    """Report each key for id tokens that is no RSA key of 2048 bits or more, and that there is none."""
    if not settings.IDP_OIDC_PRIVATE_KEYS:
        return [Error("there is no key to sign id tokens with: name one by TESSERA_ID_TOKEN_KEYS", id="oauth.E001")]
    found = []
    for place, key in enumerate(settings.IDP_OIDC_PRIVATE_KEYS, 1):
        try:
            loaded = load_pem_private_key(key["pem"].encode(), password=None)
            good = isinstance(loaded, RSAPrivateKey) and loaded.key_size >= SHORTEST
        except ValueError:
            good = False
        if not good:
            found.append(Error(f"the key {place} for id tokens is no RSA key of {SHORTEST} bits or more", id="oauth.E002"))
    return found
