"""Programs sign in with e-mail, password and second factor; guessing tells nothing and is stopped."""

import json

import pytest
from allauth.account.models import EmailAddress

from tessera.accounts.models import Account, LoginCode
from tessera.accounts.tests.hosts import PASSWORD, host_of, join, make_account
from tessera.context import directory
from tessera.fields import new_id


def login(browser, ip="10.0.0.1", **body):
    return browser.on(host_of()).post("/api/login", json.dumps(body), content_type="application/json", REMOTE_ADDR=ip)


def error(answer):
    found = answer.json()["errors"][0]
    return answer.status_code, found["extensions"]["code"], found["extensions"].get("field")


@pytest.fixture
def bob(browser, tenant, other_tenant):
    account = make_account("bob@example.com", name="Bob")
    join(tenant, account)
    join(other_tenant, account)
    return account


def test_program_gets_a_code_per_company_and_works_there(browser, tenant, other_tenant, bob):
    answer = login(browser, email="Bob@example.com", password=PASSWORD)
    assert answer.status_code == 200 and answer.json()["account"] == {
        "id": str(bob.pk),
        "email": "bob@example.com",
        "name": "Bob",
    }
    assert [each["slug"] for each in answer.json()["tenants"]] == ["a", "b"]
    assert answer.json()["tenants"][0]["url"] == f"http://{host_of(tenant)}/"
    for company, place in zip(answer.json()["tenants"], (tenant, other_tenant), strict=True):
        client = browser.on(host_of(place))
        began = client.post("/session", json.dumps({"code": company["code"]}), content_type="application/json").json()
        assert client.get("/whoami", HTTP_AUTHORIZATION=f"Bearer {began['token']}").json()["name"] == "Bob"
    assert "tessera-account" not in browser.cookies(host_of())


def test_company_that_may_not_work_is_left_out(browser, tenant, bob, monkeypatch):
    found = directory().find
    from tenants import directory as kept

    def find(tenant_id):
        if tenant_id == tenant.id:
            raise LookupError("suspended")
        return found(tenant_id)

    monkeypatch.setattr(kept, "find", find)
    assert [each["slug"] for each in login(browser, email="bob@example.com", password=PASSWORD).json()["tenants"]] == ["b"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", None),
        ("[]", None),
        ('{"email": "bob@example.com"}', ["password"]),
        ('{"email": 1, "password": "x"}', ["email"]),
        ('{"email": "bob@example.com", "password": "x", "admin": "yes"}', ["admin"]),
        (json.dumps({"email": "bob\0@example.com", "password": "x"}), ["email"]),
        (json.dumps({"email": "b" * 2000, "password": "x"}), ["email"]),
        ("[" * 100_000, None),
    ],
)
def test_bad_input_is_named(browser, body, field):
    answer = browser.on(host_of()).post("/api/login", body, content_type="application/json")
    assert error(answer) == (400, "BAD_INPUT", field)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_form_of_another_site_is_no_login(browser, bob, content_type):
    body = json.dumps({"email": "bob@example.com", "password": PASSWORD})
    answer = browser.on(host_of()).post("/api/login", body, content_type=content_type)
    assert error(answer) == (400, "BAD_INPUT", None)


def test_wrong_password_and_unknown_address_are_answered_alike(browser, bob):
    inactive = make_account("old@example.com")
    Account.objects.filter(pk=inactive.pk).update(is_active=False)
    answers = [
        login(browser, email="bob@example.com", password="wrong"),
        login(browser, email="nobody@example.com", password="wrong"),
        login(browser, email="not an address", password="wrong"),
        login(browser, email="old@example.com", password=PASSWORD),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}


def test_page_answers_wrong_password_and_unknown_address_alike(browser, bob):
    pages = []
    for email in ("bob@example.com", "bab@example.com"):
        page = browser.on(host_of()).post("/account/login/", {"login": email, "password": "wrong"})
        pages.append((page.status_code, page.content.decode().replace(email, "X").partition("csrfmiddlewaretoken")[0]))
        assert "not correct" in page.content.decode()
    assert pages[0] == pages[1]


def test_reset_of_a_password_is_answered_alike_for_every_address(browser, bob, mailoutbox):
    answers = [
        browser.on(host_of()).post("/account/password/reset/", {"email": e}) for e in ("bob@example.com", "no@example.com")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/account/password/reset/done/")}
    assert [mail.to for mail in mailoutbox] == [["bob@example.com"], ["no@example.com"]]
    assert "/account/password/reset/key/" in mailoutbox[0].body and "key" not in mailoutbox[1].body


def test_guessing_one_account_is_stopped_from_everywhere(browser, bob):
    codes = [error(login(browser, f"10.0.1.{n}", email="bob@example.com", password="wrong"))[1] for n in range(8)]
    assert codes == ["UNAUTHENTICATED"] * 5 + ["RATE_LIMITED"] * 3
    assert error(login(browser, "10.0.2.1", email="bob@example.com", password=PASSWORD)) == (429, "RATE_LIMITED", None)
    carl = make_account("carl@example.com")
    assert login(browser, "10.0.2.1", email=carl.email, password=PASSWORD).status_code == 200


def test_guessing_many_accounts_from_one_place_is_stopped(browser):
    codes = [error(login(browser, "10.0.3.1", email=f"p{n}@example.com", password="wrong"))[1] for n in range(12)]
    assert codes == ["UNAUTHENTICATED"] * 10 + ["RATE_LIMITED"] * 2


def test_unconfirmed_address_does_not_sign_in(browser, bob):
    EmailAddress.objects.filter(user=bob).update(verified=False)
    assert error(login(browser, email="bob@example.com", password=PASSWORD)) == (403, "FORBIDDEN", None)
    assert not LoginCode.objects.exists()


def test_nobody_signs_up_on_the_sign_in_pages(browser):
    new = {"email": "eve@example.com", "password1": PASSWORD, "password2": PASSWORD}
    answer = browser.on(host_of()).post("/account/signup/", new)
    assert (answer.status_code, answer["Location"]) == (302, "/signup")
    assert not Account.objects.filter(email="eve@example.com").exists()


def test_signing_in_is_closed_while_attempts_cannot_be_counted(browser, bob, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    answer = login(browser, email="bob@example.com", password=PASSWORD)
    assert answer.status_code == 503 and not LoginCode.objects.exists()


def test_sign_in_form_needs_its_own_token(browser, bob):
    from django.test import Client

    strict = Client(HTTP_HOST=host_of(), enforce_csrf_checks=True)
    assert strict.post("/account/login/", {"login": "bob@example.com", "password": PASSWORD}).status_code == 403


def test_cookies_of_the_accounts_host_are_its_own(browser, bob):
    answer = browser.sign_in("bob@example.com")
    for cookie in answer.cookies.values():
        assert cookie["domain"] == "" and cookie["samesite"] == "Lax"
    assert answer.cookies["tessera-account"]["httponly"]


def test_switching_to_an_unknown_company_is_nothing(browser, bob):
    browser.sign_in("bob@example.com")
    assert browser.on(host_of()).get(f"/switch/{new_id()}?state={'0' * 64}").status_code == 404
