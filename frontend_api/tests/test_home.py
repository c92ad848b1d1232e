"""What a person sees who opens a host in a browser."""

import pytest
from django.test import Client
from django.utils import translation
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account

from tenants.models import Tenant
from tenants.provisioning import set_state

CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8"}


def page(host, path="/", **headers):
    answer = Client(HTTP_HOST=host).get(path, **headers)
    return answer, answer.content.decode()


def test_the_accounts_host_shows_the_ways_in(tenant):
    answer, text = page(host_of())
    assert answer.status_code == 200
    assert 'href="/account/login/"' in text and 'href="/signup"' in text


def test_who_is_signed_in_sees_all_companies_of_the_account(tenant, other_tenant):
    account = make_account("bob@example.com", name="Bob")
    for each in (tenant, other_tenant):
        join(each, account)
    browser = Browser()
    browser.sign_in("bob@example.com")
    text = browser.get(f"http://{host_of()}/").content.decode()
    assert [f'href="http://{host_of(each)}/session/start"' in text for each in (tenant, other_tenant)] == [True, True]


def test_a_company_shows_its_api_and_the_way_in_to_a_stranger(tenant):
    answer, text = page(host_of(tenant))
    assert answer.status_code == 200 and answer["Cache-Control"].startswith("max-age=0")
    assert f"http://{host_of(tenant)}/graphql" in text
    assert 'href="/session/start"' in text and 'action="/session/end"' not in text


def test_a_member_sees_who_it_is_and_which_parts_are_on(tenant):
    join(tenant, make_account("bob@example.com", name="Bob"))
    browser = Browser()
    browser.sign_in("bob@example.com")
    text = browser.get(f"http://{host_of(tenant)}/session/start").content.decode()
    assert "You are signed in as Bob." in text
    assert ">Sales</span>" in text and ">CRM</span>" not in text
    assert 'href="/session/start"' not in text and 'action="/session/end"' in text


def test_the_language_is_the_readers_else_the_companys_and_stays_with_its_request(tenant):
    assert "您尚未登录。" in page(host_of(tenant), **CHINESE)[1]
    assert translation.get_language() == "en"
    Tenant.objects.filter(pk=tenant.pk).update(language="zh-hans")
    for other in ({}, {"HTTP_ACCEPT_LANGUAGE": "fr, *;q=0.1"}):
        assert "您尚未登录。" in page(host_of(tenant), **other)[1]
    assert "You are not signed in." in page(host_of(tenant), HTTP_ACCEPT_LANGUAGE="en")[1]


def test_a_path_that_is_nothing_leads_back_to_the_front_page(tenant):
    for host in (host_of(), host_of(tenant)):
        answer, text = page(host, "/nowhere")
        assert answer.status_code == 404
        assert 'href="/"' in text and "There is no page at this address." in text


@pytest.mark.parametrize(("headers", "kind"), [(BROWSER, "text/html"), ({}, "application/json")])
def test_a_suspended_company_tells_a_browser_by_a_page_and_a_program_by_its_code(tenant, headers, kind):
    set_state(tenant=tenant, state=Tenant.State.SUSPENDED)
    answer, text = page(host_of(tenant), **headers)
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (403, kind)
    assert "access is suspended." in text
    assert ("TENANT_SUSPENDED" in text) == (kind == "application/json")
