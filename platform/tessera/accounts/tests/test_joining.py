"""An invitation leads from a letter to a member."""

import re

import pytest

from tessera.access.models import Member
from tessera.access.services import deactivate_member, invite_member
from tessera.access.tests.people import make_role
from tessera.accounts.models import Account, Membership, TenantSession
from tessera.accounts.tests.hosts import PASSWORD, Browser, host_of, join, make_account
from tessera.context import system
from tessera.testing.plugin import entered

NEW = {"name": "Bob Builder", "password1": "battery staple 43", "password2": "battery staple 43"}


@pytest.fixture
def letter(browser, tenant, mailoutbox, drain):
    """Return a function that invites somebody and returns the link of the letter."""

    def invite(email="bob@example.com", **options):
        with entered(tenant, actor=system("test")):
            invite_member(email=email, name="Bob", **options)
        drain(tenant)
        return re.search(r"http://\S+", mailoutbox[-1].body).group()

    return invite


def path_of(link):
    return link.partition(host_of())[2]


def test_letter_is_in_the_language_of_the_invitation_and_names_the_company(tenant, letter, mailoutbox):
    link = letter()
    assert link.startswith(f"http://{host_of()}/join/{tenant.id}/")
    assert (mailoutbox[-1].subject, mailoutbox[-1].to) == (f"{tenant.name} invites you", ["bob@example.com"])


def test_stranger_makes_an_account_and_is_a_member(browser, tenant, letter):
    with entered(tenant, actor=system("test")):
        role = make_role("clerk", access__role_view="all")
    client = browser.on(host_of())
    path = path_of(letter(roles=[role]))
    assert "bob@example.com" in client.get(path).content.decode()
    answer = client.post(path, NEW)
    assert answer["Location"] == f"http://{host_of(tenant)}/session/start"
    browser.sign_in("bob@example.com", NEW["password1"])
    page = browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami").json()
    assert page["name"] == "Bob Builder" and "access.role_view" in page["rights"]


@pytest.mark.parametrize("wrong", [{"password2": "other"}, {"password1": "short", "password2": "short"}, {"name": ""}])
def test_bad_form_is_shown_again_and_makes_nothing(browser, tenant, letter, wrong):
    answer = browser.on(host_of()).post(path_of(letter()), {**NEW, **wrong})
    assert answer.status_code == 400 and "errorlist" in answer.content.decode()
    assert not Account.objects.filter(email="bob@example.com").exists()


def test_who_has_an_account_signs_in_and_joins_with_one_click(browser, tenant, letter):
    account = make_account("bob@example.com", name="Bob")
    path, client = path_of(letter()), browser.on(host_of())
    assert client.get(path)["Location"].startswith("/account/login/?next=/join/")
    browser.sign_in("bob@example.com")
    assert client.get(path).status_code == 200
    assert client.post(path)["Location"] == f"http://{host_of(tenant)}/session/start"
    with entered(tenant, actor=system("test")):
        assert Member.objects.get(email="bob@example.com").account_id == account.pk
    assert Membership.objects.filter(account=account, tenant_id=tenant.id).count() == 1


def test_link_clicked_again_by_the_same_person_is_harmless_and_worthless_to_others(browser, tenant, letter):
    path = path_of(letter())
    browser.on(host_of()).post(path, NEW)
    browser.sign_in("bob@example.com", NEW["password1"])
    assert browser.on(host_of()).post(path).status_code == 302
    make_account("eve@example.com")
    eve = Browser()
    eve.sign_in("eve@example.com")
    assert eve.on(host_of()).post(path)["Location"].startswith("/account/login/")
    with entered(tenant, actor=system("test")):
        assert Member.objects.filter(state="active").count() == 1


def test_forged_and_foreign_links_are_answered_alike(browser, tenant, other_tenant, letter):
    link = path_of(letter())
    token = link.rpartition("/")[2]
    client = browser.on(host_of())
    answers = [
        client.get(f"/join/{other_tenant.id}/{token}"),
        client.get(f"/join/{tenant.id}/{token}x"),
        client.get(f"/join/01a20000-0000-7000-8000-000000000000/{token}"),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


def test_index_is_healed_and_cleared_by_what_happens_in_the_tenant(browser, tenant, letter, drain):
    path = path_of(letter())
    browser.on(host_of()).post(path, NEW)
    Membership.objects.all().delete()
    drain(tenant)
    assert Membership.objects.filter(tenant_id=tenant.id).count() == 1
    browser.sign_in("bob@example.com", NEW["password1"])
    browser.get(f"http://{host_of(tenant)}/session/start?next=/whoami")
    assert TenantSession.objects.count() == 1
    with entered(tenant, actor=system("test")):
        deactivate_member(member=Member.objects.get(email="bob@example.com"))
    drain(tenant)
    assert not Membership.objects.filter(tenant_id=tenant.id).exists() and not TenantSession.objects.exists()


def test_join_page_of_somebody_else_signed_in_asks_for_the_invited_one(browser, tenant, letter):
    make_account("bob@example.com")
    path = path_of(letter())
    join(tenant, make_account("eve@example.com"))
    browser.sign_in("eve@example.com", PASSWORD)
    assert browser.on(host_of()).get(path)["Location"].startswith("/account/login/")
