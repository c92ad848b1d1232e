"""What an app renews its access with is good once; an answer that got lost is given again, and a copy is found out."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tessera.access.models import AccessToken
from tessera.access.services.devices import ANSWERED_AGAIN
from tessera.accounts.tests.apps import Telephone, device, facts, register
from tessera.context import system
from tessera.testing.plugin import entered


@pytest.fixture
def phone(browser, bob):
    """Return bob's telephone; he is signed in in its browser."""
    browser.sign_in("bob@example.com")
    return Telephone(register("all", "company:view", "sales:view"), browser)


def test_a_refresh_token_is_good_once_and_the_access_token_goes_with_it(phone, tenant):
    before = dict(phone.sign_in(tenant).tokens)
    phone.tokens = phone.renew().json()
    assert phone.tokens["device"] == before["device"]
    assert phone.whoami(tenant).status_code == 200
    assert phone.whoami(tenant, before["access_token"]).status_code == 401


def test_a_refresh_token_that_comes_again_kills_the_whole_family(phone, tenant):
    stolen = phone.sign_in(tenant).tokens["refresh_token"]
    phone.tokens = phone.renew().json()
    with time_machine.travel(timezone.now() + ANSWERED_AGAIN + timedelta(seconds=1)):
        assert phone.renew(stolen).json()["error"] == "invalid_grant"
    assert phone.whoami(tenant).status_code == 401
    assert phone.renew().json()["error"] == "invalid_grant"
    assert (device(tenant, kind="app").revoked_at is not None, facts(tenant, "access.device_refresh_reused")) == (True, 1)


def test_an_answer_that_got_lost_is_given_again_and_nothing_new(phone, tenant):
    before = phone.sign_in(tenant).tokens["refresh_token"]
    lost = phone.renew().json()
    again = phone.renew(before).json()
    assert [again[name] for name in ("access_token", "refresh_token", "scope", "device")] == [
        lost[name] for name in ("access_token", "refresh_token", "scope", "device")
    ]
    assert 3500 < again["expires_in"] <= 3600
    phone.tokens = again
    assert phone.whoami(tenant).status_code == 200
    assert phone.renew().status_code == 200
    assert facts(tenant, "access.device_refresh_reused") == 0


def test_a_thief_who_gets_the_answer_again_is_found_out_at_the_next_step(phone, tenant):
    stolen = phone.sign_in(tenant).tokens["refresh_token"]
    phone.renew()
    thief = phone.renew(stolen).json()["refresh_token"]
    assert phone.renew(thief).status_code == 200
    assert phone.renew(stolen).json()["error"] == "invalid_grant"  # not the one before any more, however soon
    assert facts(tenant, "access.device_refresh_reused") == 1
    assert phone.renew(thief).json()["error"] == "invalid_grant"


def test_the_answer_is_stored_so_that_only_the_token_before_opens_it(phone, tenant):
    phone.sign_in(tenant)
    fresh = phone.renew().json()
    with entered(tenant, actor=system("test")):
        kept = str(AccessToken.objects.values())
    assert not [each for each in ("access_token", "refresh_token") if fresh[each] in kept or fresh[each][20:] in kept]


def test_scopes_go_no_further_than_what_was_granted_though_the_app_is_registered_for_more(phone, tenant):
    phone.scope = "openid company:view"
    phone.sign_in(tenant)
    assert phone.renew(scope="openid sales:view").json()["error"] == "invalid_scope"
    assert phone.renew(scope="openid all").json()["error"] == "invalid_scope"
    assert phone.renew(scope="company:view").json()["scope"] == "company:view"


def test_scopes_are_narrowed_for_one_access_token_and_widened_again(phone, tenant):
    granted = set(phone.sign_in(tenant).tokens["scope"].split())
    phone.tokens = phone.renew(scope="openid company:view").json()
    assert set(phone.tokens["scope"].split()) == {"openid", "company:view"}
    assert device(tenant, kind="app").scopes == ["company:view", "openid"]
    for wider in ("openid email", "openid nonsense:view"):  # `all` is every right, and nobody's address
        assert phone.renew(scope=wider).json()["error"] == "invalid_scope"
    phone.tokens = phone.renew().json()  # which it did not use up
    assert set(phone.tokens["scope"].split()) == granted
    assert set(device(tenant, kind="app").scopes) == granted


def test_a_forged_refresh_token_signs_nobody_out(phone, tenant):
    real = phone.sign_in(tenant).tokens["refresh_token"]
    assert phone.renew(real[:-2] + "xx").json()["error"] == "invalid_grant"
    assert phone.renew("tsr_r_zz_x").json()["error"] == "invalid_grant"
    assert phone.whoami(tenant).status_code == 200


def test_a_refresh_token_is_worth_nothing_to_another_app(phone, browser, tenant):
    phone.sign_in(tenant)
    other = Telephone(register("all", name="Other"), browser)
    assert other.renew(phone.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert phone.whoami(tenant).status_code == 200
