"""A new password ends what the one before had opened; asking about an address tells nothing of it."""

import json
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher

from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.accounts.services import issue_code
from tessera.accounts.tests.hosts import PASSWORD, Browser, host_of, join, make_account
from tessera.accounts.tests.test_login_api import error, login
from tessera.context import system
from tessera.testing.plugin import entered

NEW = "battery staple 43"


@pytest.fixture
def bob(browser, tenant):
    account = make_account("bob@example.com", name="Bob")
    join(tenant, account)
    return account


def start(browser, tenant):
    browser.sign_in("bob@example.com")
    return browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami").status_code


def redeem(tenant, code):
    return Browser().on(host_of(tenant)).post("/session", json.dumps({"code": code}), content_type="application/json").status_code


def change(browser, tenant, mailoutbox):
    changed = browser.on(host_of()).post(
        "/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )
    assert changed.status_code == 302


def reset(browser, tenant, mailoutbox):
    stranger = Browser()
    stranger.on(host_of()).post("/account/password/reset/", {"email": "bob@example.com"})
    link = re.search(rf"http://{re.escape(host_of())}(/account/password/reset/key/\S+)", mailoutbox[-1].body).group(1)
    form = stranger.get(f"http://{host_of()}{link}")
    given = {"password1": NEW, "password2": NEW}
    assert stranger.on(host_of()).post(form.url.partition(host_of())[2], given).status_code == 302
    again = Browser().get(f"http://{host_of()}{link}")
    assert "password1" not in again.content.decode(), "the link works once"


@pytest.mark.parametrize("renew", [change, reset])
def test_new_password_ends_sessions_and_codes_of_the_one_before(browser, tenant, bob, mailoutbox, renew):
    assert start(browser, tenant) == 200
    other = Browser()
    assert start(other, tenant) == 200
    code = issue_code(account=Account.objects.get(pk=bob.pk), tenant_id=tenant.id)
    renew(browser, tenant, mailoutbox)
    assert [each.on(host_of(tenant)).get("/whoami").status_code for each in (browser, other)] == [401, 401]
    assert "_auth_user_id" not in other.on(host_of()).session or other.on(host_of()).get("/switch").status_code == 302
    assert other.on(host_of()).get("/account/password/change/")["Location"].startswith("/account/login/")
    assert redeem(tenant, code) == 401
    assert error(login(Browser(), email="bob@example.com", password=PASSWORD)) == (401, "UNAUTHENTICATED", None)
    assert login(Browser(), email="bob@example.com", password=NEW).status_code == 200


def test_password_that_is_only_hashed_anew_ends_nothing(browser, tenant, bob, settings):
    assert start(browser, tenant) == 200
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    answer = login(Browser(), email="bob@example.com", password=PASSWORD)
    assert Account.objects.get(pk=bob.pk).password.startswith("pbkdf2_sha256$")
    assert redeem(tenant, answer.json()["tenants"][0]["code"]) == 200
    assert browser.on(host_of(tenant)).get("/whoami").status_code == 200


@pytest.fixture
def hashed(monkeypatch):
    """Return the list that every hashing of a password is noted in."""
    done = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *given: done.append(1) or encode(*given))
    return done


@pytest.fixture
def addresses(bob):
    """One address of each kind: known, unknown, closed, unconfirmed, and of somebody who has no password."""
    Account.objects.filter(pk=make_account("closed@example.com").pk).update(is_active=False)
    EmailAddress.objects.filter(user=make_account("new@example.com")).update(verified=False)
    keyless = make_account("keyless@example.com")
    keyless.set_unusable_password()
    keyless.save()
    return ["bob@example.com", "nobody@example.com", "closed@example.com", "new@example.com", "keyless@example.com"]


def test_signing_in_works_as_hard_for_every_address(browser, addresses, hashed):
    work = {}
    for number, email in enumerate(addresses):
        hashed.clear()
        assert error(login(browser, f"10.0.4.{number}", email=email, password="wrong")) == (401, "UNAUTHENTICATED", None)
        work[email] = len(hashed)
    assert work == dict.fromkeys(addresses, 1)


def test_asking_for_a_new_password_does_the_same_for_every_address(browser, addresses, hashed, mailoutbox):
    answers = []
    for email in addresses:
        answer = Browser().on(host_of()).post("/account/password/reset/", {"email": email})
        answers.append((answer.status_code, answer["Location"], answer.content))
    assert set(answers) == {(302, "/account/password/reset/done/", b"")}
    assert [mail.to for mail in mailoutbox] == [[email] for email in addresses]
    assert hashed == []


def test_signing_up_does_the_same_for_every_address(browser, addresses, hashed, mailoutbox):
    from tenants.models import SignUp

    work, answers = set(), set()
    for number, email in enumerate(addresses):
        hashed.clear()
        given = {"company": "Acme", "slug": f"acme-{number}", "email": email, "password": NEW, "modules": ["crm"]}
        answer = Browser().on(host_of()).post("/signup", given)
        answers.add((answer.status_code, answer["Location"], answer.content))
        work.add(len(hashed))
    assert (work, answers) == ({1}, {(302, "/signup/sent", b"")})
    assert [mail.to for mail in mailoutbox] == [[email] for email in addresses]
    assert sorted(SignUp.objects.values_list("email", flat=True)) == sorted(addresses)


def test_asking_for_new_passwords_is_stopped(browser, bob, mailoutbox):
    statuses = [
        Browser()
        .on(host_of())
        .post("/account/password/reset/", {"email": "bob@example.com"}, REMOTE_ADDR=f"10.0.5.{n}")
        .status_code
        for n in range(7)
    ]
    assert statuses == [302] * 5 + [429] * 2
    assert len(mailoutbox) == 5


def test_address_is_changed_once_its_letter_is_answered(browser, tenant, bob, mailoutbox):
    browser.sign_in("bob@example.com")
    client = browser.on(host_of())
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/email/", {"action_add": "", "email": "robert@example.com"})
    (letter,) = [mail for mail in mailoutbox if mail.to == ["robert@example.com"]]
    client.post("/account/email/", {"action_primary": "", "email": "robert@example.com"})
    assert Account.objects.get(pk=bob.pk).email == "bob@example.com", "not while it is unconfirmed"
    assert error(login(Browser(), email="robert@example.com", password=PASSWORD)) == (403, "FORBIDDEN", None)
    link = re.search(rf"http://{re.escape(host_of())}(/account/confirm-email/\S+)", letter.body).group(1)
    assert client.post(link).status_code == 302
    client.post("/account/email/", {"action_primary": "", "email": "robert@example.com"})
    assert Account.objects.get(pk=bob.pk).email == "robert@example.com"
    assert mailoutbox[-1].to == ["bob@example.com"], "who had the address before is told"
    answer = login(Browser(), email="robert@example.com", password=PASSWORD)
    assert redeem(tenant, answer.json()["tenants"][0]["code"]) == 200
    with entered(tenant, actor=system("test")):
        assert Member.objects.get(account_id=bob.pk).email == "robert@example.com", (
            "the company knows it from the next sign-in on"
        )


def test_address_of_somebody_else_is_not_taken(browser, tenant, bob, mailoutbox):
    make_account("eve@example.com")
    browser.sign_in("eve@example.com")
    client = browser.on(host_of())
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/email/", {"action_add": "", "email": "bob@example.com"})
    for link in re.findall(r"/account/confirm-email/\S+", "".join(mail.body for mail in mailoutbox)):
        client.post(link)
    client.post("/account/email/", {"action_primary": "", "email": "bob@example.com"})
    assert Account.objects.get(pk=bob.pk).email == "bob@example.com"
    assert Account.objects.filter(email="eve@example.com").exists()
    assert list(EmailAddress.objects.filter(email="bob@example.com", verified=True).values_list("user", flat=True)) == [bob.pk]
