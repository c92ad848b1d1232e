"""A developer tries a query in GraphiQL: at a desk and on a telephone, with nothing from anywhere else."""

from urllib.parse import urlsplit

import pytest
from tessera.access.tests.people import make_role
from tessera.accounts.tests.hosts import PASSWORD, join, make_account
from tessera.context import system
from tessera.testing.plugin import entered

from tests.browser.conftest import LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
TITLES = {"en": "API explorer", "zh-hans": "API 浏览器"}


@pytest.fixture
def company(tenant, accounts, settings):
    """Return the address of tenant A as in production, where bob may explore its API."""
    settings.TESSERA_TRUSTED_ONLY, settings.TESSERA_OPEN_INTROSPECTION = True, False
    with entered(tenant, actor=system("test")):
        role = make_role("developer", access__api_explore="all")
    join(tenant, make_account("bob@example.com", name="Bob"), role)
    return accounts.replace("localhost", f"{tenant.slug}.localhost")


@pytest.mark.parametrize(("width", "language"), list(zip(WIDTHS, LANGUAGES, strict=True)))
def test_bob_asks_and_sees_the_answer(company, person, tmp_path, width, language):
    bob = person(width=width, language=language)
    bob.page.set_default_timeout(120_000)  # the first introspection takes its time on a busy machine
    asked = []
    bob.page.on("request", lambda request: asked.append(urlsplit(request.url)))
    bob.page.goto(f"{company}/graphiql")
    bob.page.fill("#id_login", "bob@example.com")
    bob.page.fill("#id_password", PASSWORD)
    bob.page.click("main form button")
    bob.page.wait_for_url(f"{company}/graphiql")
    assert bob.page.title().startswith(f"{TITLES[language]} · ")
    bob.page.wait_for_selector(".graphiql-query-editor .CodeMirror")
    with bob.page.expect_response("**/graphql"):
        bob.page.click(".graphiql-execute-button")
    bob.page.wait_for_function("document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue().includes('modules')")
    answer = bob.page.evaluate("JSON.parse(document.querySelector('.result-window .CodeMirror').CodeMirror.getValue())")
    assert answer["data"]["me"]["member"] == {"name": "Bob"}
    assert "sales" in answer["data"]["me"]["modules"]
    bob.page.screenshot(path=tmp_path / "answer.png")
    shown = bob.page.locator(".result-window").bounding_box()
    assert shown["x"] + shown["width"] <= bob.page.viewport_size["width"] and min(shown["width"], shown["height"]) > 200
    bob.page.click("[aria-label='Show Documentation Explorer']")
    bob.page.wait_for_selector(".graphiql-doc-explorer >> text=Mutation")  # it knows the schema
    bob.page.screenshot(path=tmp_path / "schema.png")
    bob.page.click("[data-value=settings], [aria-label='Open settings dialog']")
    bob.page.wait_for_selector("[role=dialog] >> text=Theme")
    bob.page.screenshot(path=tmp_path / "settings.png")
    assert bob.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {each.hostname.rpartition(".")[2] for each in asked if each.scheme != "data"} == {"localhost"}
