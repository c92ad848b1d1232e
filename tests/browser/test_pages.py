"""Signing in and joining, and the pages where one came by mistake, too late or without the right."""

import re
from itertools import product
from pathlib import Path

import pytest
from tessera.access.services import invite_member
from tessera.accounts.tests.hosts import PASSWORD, join, make_account
from tessera.context import system
from tessera.testing.plugin import entered

from tenants.models import Tenant
from tenants.provisioning import set_state
from tests.browser.conftest import LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
ASTRAY = {
    "/signup/confirm/forged": 422,
    "/join/01920000-0000-7000-8000-000000000000/forged": 404,
    "/nowhere": 404,
    "http://a.{base}/nowhere": 404,
    "http://a.{base}/session?code=forged": 401,
    "http://a.{base}/public/nothing/forged": 404,
    "http://b.{base}/": 403,
}


@pytest.fixture
def company(tenant, accounts):
    """Return the address of tenant A, of which bob is a member."""
    join(tenant, make_account("bob@example.com", name="Bob"))
    return accounts.replace("localhost", f"{tenant.slug}.localhost")


@pytest.fixture
def suspended(other_tenant, accounts):
    set_state(tenant=other_tenant, state=Tenant.State.SUSPENDED)


@pytest.fixture
def invitation(tenant, accounts, drain, settings):
    """Return the link of the letter that invites mia to tenant A."""
    with entered(tenant, actor=system("test")):
        invite_member(email="mia@example.com", name="Mia")
    drain(tenant)
    (letter,) = Path(settings.EMAIL_FILE_PATH).glob("*.log")
    return re.search(r"http://\S+/join/\S+", letter.read_text()).group()


def test_who_goes_astray_is_told_so(suspended, person):
    for width, language in product(WIDTHS, LANGUAGES):
        eve = person(width=width, language=language)
        statuses = []
        eve.page.on("response", lambda response, seen=statuses: seen.append(response.status))
        for address, status in ASTRAY.items():
            statuses.clear()
            eve.open(address.format(base=eve.accounts.removeprefix("http://")))
            assert (address, statuses) == (address, [status])
        assert len(eve.trouble) == len(ASTRAY)  # Chromium names each status, and there is nothing else
        eve.trouble.clear()


def test_nobody_lives_at_an_unknown_host(person):
    eve = person(width="phone")
    eve.page.goto(eve.accounts.replace("localhost", "nobody.localhost"))
    assert eve.page.inner_text("h1") == "There is nothing here."
    eve.trouble.clear()


@pytest.mark.parametrize(("width", "language"), list(zip(WIDTHS, LANGUAGES, strict=True)))
def test_bob_mistypes_his_password_and_then_signs_in(company, person, width, language):
    bob = person(width=width, language=language)
    bob.open(f"{company}/")
    bob.press("main a.button")
    for password in ("wrong horse 42", PASSWORD):
        bob.page.fill("#id_login", "bob@example.com")
        bob.page.fill("#id_password", password)
        bob.press()
    assert bob.page.url == f"{company}/"
    assert "Bob" in bob.text()
    bob.press("nav a[href$='/account/2fa/']")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invited_person_joins_without_javascript(company, invitation, person, language):
    mia = person(width="phone", language=language, java_script_enabled=False)
    mia.open(invitation)
    mia.page.fill("#id_name", "Mia Stone")
    mia.page.fill("#id_password1", PASSWORD)
    mia.page.fill("#id_password2", PASSWORD)
    mia.press()
    mia.page.fill("#id_login", "mia@example.com")
    mia.page.fill("#id_password", PASSWORD)
    mia.press()
    assert mia.page.url == f"{company}/"
    assert "Mia Stone" in mia.text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer_opens_a_survey_with_a_link_that_ended(company, person, language):
    june = person(width="phone", language=language)
    june.open(f"{company}/public/surveyAnswer/forged")
    june.page.fill("#id_score", "4")
    june.press()
    assert june.page.inner_text(".errorlist.nonfield").strip()
    june.trouble.clear()  # Chromium names the status 400
