"""Who gets to the API explorer, and what its page may do."""

import re

import pytest
from django.test import Client
from tessera.access.tests.people import make_role
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account
from tessera.context import system
from tessera.testing.plugin import entered

PATH = "/graphiql"
CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}


@pytest.fixture
def browser(tenant):
    """Return a function that signs bob in at tenant A, with the right to explore or without."""

    def signed_in(*, explores):
        with entered(tenant, actor=system("test")):
            role = make_role("developer", **({"access__api_explore": "all"} if explores else {}))
        join(tenant, make_account("bob@example.com", name="Bob"), role)
        browser = Browser()
        browser.sign_in("bob@example.com")
        browser.get(f"http://{host_of(tenant)}/session/start")
        return browser.on(host_of(tenant))

    return signed_in


def test_who_may_explore_gets_a_page_that_only_our_files_run_on(browser, settings):
    settings.TESSERA_OPEN_INTROSPECTION = False
    answer = browser(explores=True).get(PATH)
    text = answer.content.decode()
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    nonce = re.search(r'data-nonce="([^"]+)"', text)[1]
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", f"'self' 'nonce-{nonce}'")
    assert (policy["connect-src"], policy["frame-ancestors"]) == ("'self'", "'none'")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert [each for each in addresses if not each.startswith(("/static/", "/", "data:,"))] == []
    files = [each for each in addresses if each.startswith("/static/")]
    assert len(files) == 6
    assert [Client(HTTP_HOST="nobody.localhost").get(each).status_code for each in files] == [200] * 6
    assert "<style" not in text and "<script>" not in text


def test_who_may_not_ask_for_the_schema_may_not_explore(browser, settings):
    client = browser(explores=False)
    assert client.get(PATH).status_code == 200
    settings.TESSERA_OPEN_INTROSPECTION = False
    assert client.get(PATH).status_code == 403
    assert PATH not in client.get("/").content.decode()


def test_a_stranger_signs_in_first_and_comes_back(tenant):
    answer = Client(HTTP_HOST=host_of(tenant)).get(PATH)
    assert (answer.status_code, answer["Location"]) == (302, "/session/start?next=%2Fgraphiql")


def test_the_accounts_host_has_no_explorer(tenant):
    assert Client(HTTP_HOST=host_of()).get(PATH).status_code == 404


def test_the_front_page_leads_there_and_the_title_is_in_the_readers_language(browser):
    client = browser(explores=True)
    assert f'href="{PATH}"' in client.get("/").content.decode()
    assert "<title>API explorer · Tenant a · Tessera</title>" in client.get(PATH).content.decode()
    assert "<title>API 浏览器 · Tenant a · Tessera</title>" in client.get(PATH, **CHINESE).content.decode()
