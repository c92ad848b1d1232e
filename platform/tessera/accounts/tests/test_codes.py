"""A code carries a login from the accounts host to one tenant's, once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from tessera.accounts.models import LoginCode, TenantSession
from tessera.accounts.services import issue_code, redeem_code
from tessera.accounts.tests.hosts import Browser, bearer, host_of, join, make_account, personal_token, program_token
from tessera.context import system
from tessera.errors import ApiError
from tessera.testing.plugin import entered


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
