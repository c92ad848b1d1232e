"""An app is let in by somebody in a browser: at both widths, in both languages, without JavaScript."""

from itertools import product
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tessera.access.models import Member
from tessera.access.services import DeviceOf, sign_in_device
from tessera.access.services.devices import new_secrets
from tessera.accounts.oauth.services import make_app
from tessera.accounts.tests.hosts import PASSWORD, join, make_account
from tessera.context import system
from tessera.fields import new_id
from tessera.testing.plugin import entered

from tests.browser.conftest import LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
NOBODY_WAITS = "Failed to load resource: the server responded with a status of 404 (Not Found)"  # at the app's address
SCOPES = ["openid", "profile", "email", "offline_access", "sales:view", "orders:write"]


@pytest.fixture
def asked(tenant, other_tenant, accounts):
    """Return where an app sends bob, who works in two companies, and where it waits for him."""
    bob = make_account("bob@example.com", name="Bob")
    for each in (tenant, other_tenant):
        join(each, bob)
    back = f"{accounts}/nowhere"  # answered, so that the browser gets there
    app = make_app(
        name="Pocket Ledger",
        redirect_uris=[back.replace("localhost", "127.0.0.1")],
        scopes=SCOPES,
        confidential=False,
        tenant_id=None,
    )
    with entered(tenant, actor=system("test")):
        sign_in_device(
            device=new_id(),
            member=Member.objects.get(email="bob@example.com"),
            account_epoch=bob.epoch,
            app=app.app.client_id,
            app_name="Pocket Ledger",
            scopes=SCOPES,
            about=DeviceOf("Bob's phone", "Android 16", "192.0.2.7"),
            given=new_secrets(new_id()),
        )
    wish = {
        "response_type": "code",
        "client_id": app.app.client_id,
        "redirect_uri": app.app.redirect_uris[0],
        "scope": " ".join(SCOPES),
        "state": "s1",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"/identity/o/authorize?{urlencode(wish)}"


@pytest.mark.parametrize(("width", "language"), list(product(WIDTHS, LANGUAGES)))
def test_bob_lets_an_app_into_one_of_his_companies(asked, tenant, person, width, language, tmp_path):
    bob = person(width=width, language=language, java_script_enabled=False)
    bob.open(asked)
    bob.page.fill("#id_login", "bob@example.com")
    bob.page.fill("#id_password", PASSWORD)
    bob.press()
    assert "Pocket Ledger" in bob.text() and tenant.name in bob.text()
    bob.page.screenshot(path=tmp_path / "consent.png", full_page=True)
    bob.page.check(f"input[value='{tenant.id.hex}']")
    with bob.page.expect_navigation():
        bob.page.click("button[value=grant]")
    brought = parse_qs(urlsplit(bob.page.url).query)
    assert (brought["state"], len(brought["code"])) == (["s1"], 1)
    bob.open("/account/devices")
    bob.page.screenshot(path=tmp_path / "devices.png", full_page=True)
    bob.press()
    assert "Android 16" not in bob.text()
    assert set(bob.trouble) <= {NOBODY_WAITS}
    bob.trouble.clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_app_that_asks_wrongly_is_not_let_in(asked, person, language):
    bob = person(width="phone", language=language)
    bob.open("/account/login/")
    bob.page.fill("#id_login", "bob@example.com")
    bob.page.fill("#id_password", PASSWORD)
    bob.press()
    bob.open(asked.replace("client_id=", "client_id=x"))
    bob.trouble.clear()  # Chromium names the status 400
