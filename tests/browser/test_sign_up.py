"""A company signs up in a browser, at a desk and on a telephone, in either language."""

from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import FOCUS, LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
PASSWORD = "harbour-lantern-42"
WORDS = {"en": ("Check your mail", "You are signed in as"), "zh-hans": ("请查收邮件", "您已登录为")}
REFUSALS = {"en": "This address is reserved.", "zh-hans": "该网址已被保留。"}


def fill_in(someone, **fields):
    for name, value in fields.items():
        someone.page.fill(f"#id_{name}", value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_company_signs_up_by_mail_and_is_signed_in(person, width, language):
    ada = person(width=width, language=language)
    ada.open("/")
    ada.press("a[href='/signup']")
    fill_in(ada, company="Acme 贸易", slug="acme", email="ada@acme.example", password=PASSWORD)
    ada.press()
    sent, welcome = WORDS[language]
    assert sent in ada.text()
    ada.press("a[href='/dev/mail']")
    ada.press("a[href*='/signup/confirm/']")
    assert "Acme 贸易" in ada.text()
    ada.press()
    assert urlsplit(ada.page.url).hostname == "acme.localhost"
    assert f"{welcome} ada@acme.example" in ada.text()
    assert ada.page.inner_text("pre >> nth=0") == f"{ada.page.url}graphql"
    ada.press()  # sign out
    ada.open(f"http://{urlsplit(ada.page.url).netloc.replace('localhost', 'acme.localhost')}/")
    assert welcome not in ada.text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_mistakes_are_told_at_their_fields_and_nothing_has_to_be_typed_twice(person, language):
    ada = person(width="phone", language=language, java_script_enabled=False)
    ada.open("/signup")
    fill_in(ada, company="Acme", slug="www", email="ada@acme.example", password="short")
    ada.press()
    assert ada.page.inner_text("#id_slug_error") == REFUSALS[language]
    assert "10" in ada.page.inner_text("#id_password_error")
    assert (ada.page.input_value("#id_company"), ada.page.input_value("#id_password")) == ("Acme", "")
    ada.trouble.clear()  # Chromium complains of the status 422


def test_everything_is_reached_and_seen_with_the_keyboard(person):
    ada = person()
    ada.open("/signup")
    reached = []
    for _ in range(9):
        ada.page.keyboard.press("Tab")
        assert ada.page.evaluate(FOCUS)
        reached.append(ada.page.evaluate("document.activeElement.name || document.activeElement.localName"))
    assert reached == ["slug", "email", "password", *["modules"] * 4, "button", "a"]
