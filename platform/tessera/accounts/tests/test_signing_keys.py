"""Id tokens are signed with a key that the settings name, and the product does not start with one that nobody could trust."""

import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.checks import run_checks
from django.test import Client

from tessera.accounts.tests.hosts import host_of
from tessera.settings.signing import local_key, signing_keys


def pem_of(size):
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], ["oauth.E001"]),
        ([{"pem": pem_of(1024)}], ["oauth.E002"]),
        ([{"pem": "no key"}], ["oauth.E002"]),
        ([{"pem": pem_of(2048)}], []),
    ],
    ids=("none", "short", "nonsense", "good"),
)
def test_a_start_without_a_good_key_is_refused(settings, keys, found):
    settings.IDP_OIDC_PRIVATE_KEYS = keys
    assert [error.id for error in run_checks() if error.id.startswith("oauth.")] == found


def test_the_first_key_signs_and_all_are_published(browser, settings, tmp_path):
    paths = []
    for name in ("new", "old"):
        paths.append(tmp_path / name)
        paths[-1].write_text(pem_of(2048))
    settings.IDP_OIDC_PRIVATE_KEYS = signing_keys(os.pathsep.join(map(str, paths)))
    keys = Client(HTTP_HOST=host_of()).get("/.well-known/jwks.json").json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    assert all(not {"d", "p", "q"} & key.keys() for key in keys)
    from allauth.core.internal.jwkkit import load_jwk_from_pem
    from allauth.idp.oidc.adapter import get_adapter

    assert load_jwk_from_pem(get_adapter().get_signing_key().pem)[0]["kid"] == keys[0]["kid"]


def test_a_machine_of_ones_own_makes_its_key_once_and_keeps_it_to_itself(tmp_path):
    path = local_key(tmp_path / "deep" / "key.pem")
    kept = path.read_text()
    assert local_key(path).read_text() == kept
    assert (stat.S_IMODE(path.stat().st_mode), list(path.parent.iterdir())) == (0o600, [path])
