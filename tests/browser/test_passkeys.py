"""A passkey is added on the accounts host and opens it without a password."""

import pytest
from tessera.accounts.tests.hosts import PASSWORD, join, make_account

pytestmark = [pytest.mark.committed, pytest.mark.slow]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def company(tenant, accounts):
    """Return the address of tenant A, of which bob is a member."""
    join(tenant, make_account("bob@example.com", name="Bob"))
    return accounts.replace("localhost", f"{tenant.slug}.localhost")


def test_bob_adds_a_passkey_and_signs_in_with_it(company, person):
    bob = person(width="phone")
    devices = bob.page.context.new_cdp_session(bob.page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    bob.open("/account/login/?next=/account/2fa/webauthn/add/")
    bob.page.fill("#id_login", "bob@example.com")
    bob.page.fill("#id_password", PASSWORD)
    bob.press("main form button >> nth=0")
    bob.page.fill("input[name=password]", PASSWORD)  # who changes a second factor proves again who it is
    bob.press("main form button >> nth=0")
    bob.page.check("#id_passwordless")
    bob.press()
    assert "10" in bob.text()  # the recovery codes that come with the first factor
    bob.open("/account/logout/")
    bob.press()
    bob.press("#passkey_login")
    assert bob.page.url == f"{company}/"
    assert "You are signed in as Bob." in bob.text()
