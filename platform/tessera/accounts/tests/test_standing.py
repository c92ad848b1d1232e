"""Many credentials asked at once stand for the same people as each one asked by itself."""

from datetime import timedelta

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone

from tessera.access.models import AccessToken
from tessera.access.selectors import actor_of
from tessera.access.services import assign_role, deactivate_member, revoke_token, sign_out_member
from tessera.access.tests.people import make_role
from tessera.accounts.authentication import authenticate, credential_of
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.services import end_session
from tessera.accounts.standing import standings
from tessera.accounts.tests.apps import Telephone, register
from tessera.accounts.tests.hosts import personal_token, program_token
from tessera.context import ANONYMOUS, acting, system
from tessera.errors import ApiError
from tessera.testing.plugin import entered

KINDS = ("session", "personal", "narrow", "app")


@pytest.fixture
def secrets(browser, tenant, bob):
    """Return one secret of bob's of every kind; the app's may only view sales."""
    member, account = bob
    with entered(tenant, actor=system("test")):
        assign_role(member=member, role=make_role("seller", sales__lead_view="own", sales__lead_create="own"))
    browser.sign_in("bob@example.com")
    phone = Telephone(register("sales:view"), browser, scope="sales:view").sign_in(tenant)
    return {
        "session": program_token(browser, tenant, account),
        "personal": personal_token(tenant, member).secret,
        "narrow": personal_token(tenant, member, ["sales.lead_view"]).secret,
        "app": phone.tokens["access_token"],
    }


def one_by_one_and_together(tenant, secrets):
    """Return whom the secrets stand for, None for nobody, found in both ways."""
    requests = {kind: RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {secret}") for kind, secret in secrets.items()}
    single = {}
    with entered(tenant, actor=ANONYMOUS):
        together = standings({credential_of(request) for request in requests.values()})
        found = {kind: together.get(credential_of(request)) for kind, request in requests.items()}
        actors = {kind: standing and standing.actor() for kind, standing in found.items()}
        for kind, request in requests.items():
            try:
                single[kind] = authenticate(request, tenant.ref())
            except ApiError:
                single[kind] = None
    return single, actors


def deactivated(tenant, member, account, secrets):
    deactivate_member(member=member)


def signed_out(tenant, member, account, secrets):
    sign_out_member(member=member)


def account_closed(tenant, member, account, secrets):
    Account.objects.filter(pk=account.pk).update(is_active=False)


def new_password(tenant, member, account, secrets):
    account.set_password("battery staple 43")
    account.save()


def session_ended(tenant, member, account, secrets):
    end_session(key=secrets["session"])


def tokens_revoked(tenant, member, account, secrets):
    with acting(actor_of(member)):
        for token in AccessToken.objects.filter(member=member):
            revoke_token(access_token=token)


def app_unregistered(tenant, member, account, secrets):
    App.objects.all().delete()


ENDS = {
    None: set(),
    deactivated: set(KINDS),
    signed_out: set(KINDS),
    account_closed: set(KINDS),
    new_password: {"session", "app"},
    session_ended: {"session"},
    tokens_revoked: {"personal", "narrow", "app"},
    app_unregistered: {"app"},
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__ if end else "nothing")
def test_together_they_stand_for_the_same(tenant, bob, secrets, end):
    if end:
        with entered(tenant, actor=system("test")):
            end(tenant, *bob, secrets)
    single, together = one_by_one_and_together(tenant, secrets)
    assert single == together
    assert {kind for kind, actor in together.items() if actor is None} == ENDS[end]
    if end is None:
        assert [set(together[kind].grants) & {"sales.lead_view", "sales.lead_create"} for kind in ("narrow", "app")] == [
            {"sales.lead_view"}
        ] * 2


def test_their_time_is_over_at_the_same_moment(tenant, secrets):
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        single, together = one_by_one_and_together(tenant, secrets)
    assert single == together == dict.fromkeys(KINDS)


def test_a_credential_is_of_its_company(other_tenant, secrets):
    assert one_by_one_and_together(other_tenant, secrets) == (dict.fromkeys(KINDS), dict.fromkeys(KINDS))
