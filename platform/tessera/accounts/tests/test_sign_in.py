"""A browser signs in on the accounts host and lands on its company's, signed in there and nowhere else."""

import pytest

from tessera.accounts.tests.hosts import host_of, join, signed_in


def test_browser_signs_in_once_and_lands_where_it_wanted(browser, tenant, bob):
    page = signed_in(browser, tenant)
    assert page.json() == {
        "kind": "member",
        "name": "Bob",
        "rights": [
            "access.access_token_view",
            "access.member_update",
            "access.member_view",
            "access.push_token_set",
            "access.token_issue",
            "access.token_revoke",
            "files.file_upload_create",
            "files.file_upload_view",
        ],
    }
    assert browser.trail == [
        f"{host_of(tenant)}/session/start",
        f"{host_of()}/switch/{tenant.id}",
        f"{host_of(tenant)}/session",
        f"{host_of(tenant)}/whoami",
    ]


def test_only_company_is_gone_to_at_once(browser, tenant, bob):
    browser.sign_in("bob@example.com")
    browser.get(f"http://{host_of()}/switch")
    assert browser.trail[1] == f"{host_of(tenant)}/session/start"


def test_several_companies_are_shown_to_choose_from(browser, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    browser.sign_in("bob@example.com")
    page = browser.get(f"http://{host_of()}/switch").content.decode()
    assert tenant.name in page and other_tenant.name in page and f"//{host_of(other_tenant)}/session/start" in page


def test_visitor_signs_in_first_and_comes_back(browser, tenant, bob):
    page = browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami")
    assert page.status_code == 200 and "/account/login/" in page.url and "next=/switch/" in page.url.replace("%2F", "/")


def test_cookie_is_bound_to_the_host_and_hidden_from_scripts(browser, tenant, bob, settings):
    settings.SESSION_COOKIE_SECURE = True
    browser.sign_in("bob@example.com")
    started = browser.on(host_of(tenant)).get("/session/start")
    answer = browser.on(host_of()).get(started["Location"].partition(host_of())[2])
    ended = browser.on(host_of(tenant)).get(answer["Location"].partition(host_of(tenant))[2])
    for response, name in ((started, "__Host-tessera-state"), (ended, "__Host-tessera")):
        cookie = response.cookies[name]
        assert (cookie["domain"], cookie["path"], cookie["secure"], cookie["httponly"], cookie["samesite"]) == (
            "",
            "/",
            True,
            True,
            "Lax",
        )


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://b.localhost:8000", "https://a.localhost:8000"])
def test_write_by_cookie_needs_the_sites_own_pages(browser, tenant, bob, origin):
    signed_in(browser, tenant)
    client = browser.on(host_of(tenant))
    headers = {} if origin is None else {"HTTP_ORIGIN": origin}
    assert client.post("/whoami", "{}", content_type="application/json", **headers).status_code == 403
    own = client.post("/whoami", "{}", content_type="application/json", HTTP_ORIGIN=f"http://{host_of(tenant)}")
    assert own.json()["name"] == "Bob"


def test_page_with_a_dead_cookie_leads_to_sign_in(browser, tenant, bob):
    client = browser.on(host_of(tenant))
    client.cookies["tessera"] = "tsr_s_dead"
    answer = client.get("/whoami?x=1", HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer["Location"]) == (302, "/session/start?next=%2Fwhoami%3Fx%3D1")
    assert answer.cookies["tessera"]["max-age"] == 0


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_signing_in_leads_to_no_other_site(browser, tenant, bob, wanted):
    browser.sign_in("bob@example.com")
    browser.on(host_of(tenant)).get("/session/start", {"next": wanted})
    started = browser.on(host_of(tenant)).get("/session/start", {"next": wanted})
    answer = browser.on(host_of()).get(started["Location"].partition(host_of())[2])
    assert browser.on(host_of(tenant)).get(answer["Location"].partition(host_of(tenant))[2])["Location"] == "/"


def test_addresses_of_one_kind_of_host_do_not_exist_on_the_other(browser, tenant):
    for path in ("/account/login/", "/switch", "/api/login", "/account/2fa/"):
        assert browser.on(host_of(tenant)).get(path).status_code == 404
    for path in ("/session", "/session/start", "/session/end"):
        assert browser.on(host_of()).get(path).status_code == 404


def test_cookie_of_the_accounts_host_means_nothing_on_a_tenants(browser, tenant, bob):
    browser.sign_in("bob@example.com")
    client = browser.on(host_of(tenant))
    client.cookies["tessera-account"] = browser.cookies(host_of())["tessera-account"].value
    assert client.get("/whoami").json()["kind"] == "anonymous"
