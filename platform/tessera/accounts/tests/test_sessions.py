"""A session or token acts for one member on one tenant's host, and is dead at once when it has to be."""

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of
from tessera.access.services import deactivate_member, revoke_token, sign_out_member
from tessera.accounts.models import LoginCode, TenantSession
from tessera.accounts.services import forget_expired, issue_code
from tessera.accounts.tasks import forget_expired_sessions
from tessera.accounts.tests.hosts import Browser, bearer, host_of, join, personal_token, program_token, signed_in
from tessera.context import acting, system
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

UNAUTHENTICATED = {
    "errors": [{"message": "Sign in: this credential is not valid here.", "extensions": {"code": "UNAUTHENTICATED"}}]
}


def test_session_key_is_stored_as_a_hash(browser, tenant, bob):
    signed_in(browser, tenant)
    key = browser.cookies(host_of(tenant))["tessera"].value
    row = TenantSession.objects.values().get()
    assert key not in str(row) and row["tenant_id"] == tenant.id and row["member_id"] == bob[0].pk


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


def test_expired_codes_and_sessions_are_forgotten(browser, tenant, bob):
    program_token(browser, tenant, bob[1])
    issue_code(account=bob[1], tenant_id=tenant.id)
    assert forget_expired() == 0
    for model in (LoginCode, TenantSession):
        model.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert forget_expired_sessions() == 2


def test_request_of_a_session_asks_each_database_once(browser, tenant, bob):
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
