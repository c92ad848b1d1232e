"""A login on the accounts host becomes a session on one tenant's host, and on no other."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of
from tessera.access.services import deactivate_member, issue_token, revoke_token, sign_out_member
from tessera.accounts.models import LoginCode, TenantSession
from tessera.accounts.services import forget_expired, issue_code, redeem_code
from tessera.accounts.tasks import forget_expired_sessions
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account
from tessera.context import acting, system
from tessera.errors import ApiError
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

UNAUTHENTICATED = {
    "errors": [{"message": "Sign in: this credential is not valid here.", "extensions": {"code": "UNAUTHENTICATED"}}]
}


@pytest.fixture
def bob(browser, tenant):
    account = make_account("bob@example.com", name="Bob")
    return join(tenant, account), account


def signed_in(browser, tenant, email="bob@example.com"):
    """Go the whole way of a browser: the company's page, sign in, and back."""
    browser.sign_in(email)
    return browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami")


def bearer(client, secret):
    return client.get("/whoami", HTTP_AUTHORIZATION=f"Bearer {secret}")


def program_token(browser, tenant, account):
    code = issue_code(account=account, tenant_id=tenant.id)
    answer = browser.on(host_of(tenant)).post("/session", json.dumps({"code": code}), content_type="application/json")
    return answer.json()["token"]


def personal_token(tenant, member, scopes=("*",)):
    with entered(tenant, actor=system("test")), acting(actor_of(member)):
        return issue_token(name="script", scopes=list(scopes))


def test_browser_signs_in_once_and_lands_where_it_wanted(browser, tenant, bob):
    page = signed_in(browser, tenant)
    assert page.json() == {
        "kind": "member",
        "name": "Bob",
        "rights": ["access.access_token_view", "access.member_update", "access.member_view", "access.token_issue"],
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


def test_session_key_is_stored_as_a_hash(browser, tenant, bob):
    signed_in(browser, tenant)
    key = browser.cookies(host_of(tenant))["tessera"].value
    row = TenantSession.objects.values().get()
    assert key not in str(row) and row["tenant_id"] == tenant.id and row["member_id"] == bob[0].pk


def test_code_works_once(browser, tenant, bob):
    code = issue_code(account=bob[1], tenant_id=tenant.id)
    client = browser.on(host_of(tenant))
    first, second = (client.post("/session", json.dumps({"code": code}), content_type="application/json") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    assert bearer(client, first.json()["token"]).json()["name"] == "Bob"
    assert not LoginCode.objects.exists()


def test_code_of_one_tenant_is_worthless_on_another(browser, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    code = issue_code(account=bob[1], tenant_id=tenant.id)
    answer = browser.on(host_of(other_tenant)).post("/session", json.dumps({"code": code}), content_type="application/json")
    assert answer.status_code == 401 and LoginCode.objects.count() == 1


def test_code_of_a_browser_is_worthless_in_another(browser, tenant, bob):
    browser.sign_in("bob@example.com")
    started = browser.on(host_of(tenant)).get("/session/start")
    answer = browser.on(host_of()).get(started["Location"].partition(host_of())[2])
    path = answer["Location"].partition(host_of(tenant))[2]
    stranger = Browser().on(host_of(tenant)).get(path)
    assert stranger.status_code == 401 and "tessera" not in stranger.cookies
    code = issue_code(account=bob[1], tenant_id=tenant.id, state="0" * 64)
    as_program = browser.on(host_of(tenant)).post("/session", json.dumps({"code": code}), content_type="application/json")
    assert as_program.status_code == 401


def test_late_code_is_refused(browser, tenant, bob):
    code = issue_code(account=bob[1], tenant_id=tenant.id)
    LoginCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with entered(tenant, actor=system("test")), pytest.raises(ApiError) as refused:
        redeem_code(tenant=tenant.ref(), code=code, lifetime=timedelta(hours=1))
    assert refused.value.code == "UNAUTHENTICATED"


def test_stranger_gets_no_code(browser, tenant, other_tenant, bob):
    with pytest.raises(ApiError) as refused:
        issue_code(account=bob[1], tenant_id=other_tenant.id)
    assert refused.value.code == "NOT_FOUND"
    browser.sign_in("bob@example.com")
    assert browser.on(host_of()).get(f"/switch/{other_tenant.id}?state={'0' * 64}").status_code == 404


def test_credentials_of_one_tenant_are_worthless_on_another(browser, tenant, other_tenant):
    """20 people of A with 3 credentials each, as bearer and as cookie, on B's host: 0 of 1,200 are let in."""
    credentials = []
    for number in range(20):
        account = make_account(f"p{number}@example.com")
        member = join(tenant, account)
        join(other_tenant, account)
        credentials += [
            program_token(browser, tenant, account),
            personal_token(tenant, member).secret,
            issue_code(account=account, tenant_id=tenant.id),
        ]
    home, away = Browser().on(host_of(tenant)), Browser().on(host_of(other_tenant))
    assert sum(bearer(home, secret).status_code == 200 for secret in credentials) == 40
    let_in = 0
    for secret in credentials:
        for _again in range(10):
            let_in += bearer(away, secret).status_code != 401
            away.cookies["tessera"] = secret
            let_in += away.get("/whoami").status_code != 401
            away.cookies.clear()
    assert let_in == 0


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer tsr_p_nonsense", "Bearer tsr_s_nonsense", "Basic Ym9iOmJvYg==", "bob", "Bearer \u0000"],
)
def test_nonsense_is_refused_like_a_dead_credential(browser, tenant, header):
    answer = browser.on(host_of(tenant)).get("/whoami", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()) == (401, UNAUTHENTICATED)
    assert answer["WWW-Authenticate"] == "Bearer"


def test_no_credential_is_anonymous(browser, tenant):
    assert browser.on(host_of(tenant)).get("/whoami").json() == {"kind": "anonymous", "name": "", "rights": []}


def end_expiry(tenant, member, account):
    TenantSession.objects.update(expires_at=timezone.now())
    with entered(tenant, actor=system("test")), unit_of_work():
        AccessToken.objects.update(expires_at=timezone.now())


def end_deactivation(tenant, member, account):
    with entered(tenant, actor=system("test")):
        deactivate_member(member=member)


def end_sign_out(tenant, member, account):
    with entered(tenant, actor=system("test")):
        sign_out_member(member=member)


def end_account(tenant, member, account):
    type(account).objects.update(is_active=False)


@pytest.mark.parametrize("end", [end_expiry, end_deactivation, end_sign_out, end_account])
def test_session_and_tokens_are_dead_at_once(browser, tenant, bob, end):
    member, account = bob
    signed_in(browser, tenant)
    client = browser.on(host_of(tenant))
    secrets = [program_token(browser, tenant, account), personal_token(tenant, member).secret]
    assert [client.get("/whoami").status_code, *(bearer(client, secret).status_code for secret in secrets)] == [200, 200, 200]
    end(tenant, member, account)
    assert [client.get("/whoami").status_code, *(bearer(client, secret).status_code for secret in secrets)] == [401, 401, 401]


def test_new_password_ends_sessions(browser, tenant, bob):
    signed_in(browser, tenant)
    browser.on(host_of()).post(
        "/account/password/change/",
        {"oldpassword": "correct horse 42", "password1": "battery staple 43", "password2": "battery staple 43"},
    )
    assert browser.on(host_of(tenant)).get("/whoami").status_code == 401


def test_revoked_token_is_dead_at_once(browser, tenant, bob):
    issued = personal_token(tenant, bob[0])
    client = browser.on(host_of(tenant))
    assert bearer(client, issued.secret).status_code == 200
    with entered(tenant, actor=system("test")), acting(actor_of(bob[0])):
        revoke_token(access_token=issued.token)
    assert bearer(client, issued.secret).json() == UNAUTHENTICATED


def test_token_acts_within_its_scopes_and_notes_its_use(browser, tenant, bob):
    issued = personal_token(tenant, bob[0], ["access.member_view"])
    assert bearer(browser.on(host_of(tenant)), issued.secret).json()["rights"] == ["access.member_view"]
    with entered(tenant, actor=system("test")):
        assert AccessToken.objects.get().last_used_at is not None


def test_signing_out_of_a_tenant_ends_the_session(browser, tenant, bob):
    signed_in(browser, tenant)
    client = browser.on(host_of(tenant))
    key = client.cookies["tessera"].value
    client.post("/session/end", HTTP_ORIGIN=f"http://{host_of(tenant)}")
    assert bearer(client, key).status_code == 401 and not TenantSession.objects.exists()
    assert client.get("/whoami").json()["kind"] == "anonymous"


def test_program_signs_out(browser, tenant, bob):
    client = browser.on(host_of(tenant))
    token = program_token(browser, tenant, bob[1])
    assert client.post("/session/end", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 204
    assert bearer(client, token).status_code == 401


def test_signing_out_of_the_account_ends_what_it_led_to(browser, tenant, bob):
    signed_in(browser, tenant)
    other = Browser()
    signed_in(other, tenant)
    browser.on(host_of()).post("/account/logout/")
    assert browser.on(host_of(tenant)).get("/whoami").status_code == 401
    assert other.on(host_of(tenant)).get("/whoami").status_code == 200


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


def test_expired_codes_and_sessions_are_forgotten(browser, tenant, bob):
    program_token(browser, tenant, bob[1])
    issue_code(account=bob[1], tenant_id=tenant.id)
    assert forget_expired() == 0
    for model in (LoginCode, TenantSession):
        model.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert forget_expired_sessions() == 2


def test_request_of_a_session_asks_the_databases_twice(browser, tenant, bob):
    """One public row; the member with the mark of the latest change of rights; the rights are kept."""
    token = program_token(browser, tenant, bob[1])
    client = browser.on(host_of(tenant))
    bearer(client, token)
    with CaptureQueriesContext(connections["shared"]) as public, CaptureQueriesContext(connections["default"]) as own:
        bearer(client, token)
    assert [len([q for q in public if "accounts_" in q["sql"]]), len([q for q in own if "access_" in q["sql"]])] == [1, 1]


def test_deactivated_in_one_tenant_is_active_in_another(browser, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    end_deactivation(tenant, bob[0], bob[1])
    assert bearer(browser.on(host_of(other_tenant)), program_token(browser, other_tenant, bob[1])).status_code == 200
    with entered(tenant, actor=system("test")):
        assert Member.objects.get(pk=bob[0].pk).state == "deactivated"


@pytest.mark.committed
def test_code_presented_by_many_at_once_works_for_one(browser, tenant):
    account = make_account("bob@example.com", name="Bob")
    join(tenant, account)
    codes = [issue_code(account=account, tenant_id=tenant.id) for _ in range(10)]

    def redeem(code):
        try:
            with entered(tenant, actor=system("test")):
                redeem_code(tenant=tenant.ref(), code=code, lifetime=timedelta(hours=1))
            return True
        except ApiError:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as crowd:
        wins = list(crowd.map(redeem, [code for code in codes for _ in range(8)]))
    assert wins.count(True) == TenantSession.objects.count() == 10
