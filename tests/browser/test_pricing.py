"""Somebody compares plans and prices in a browser, without JavaScript, and signs up with what was chosen."""

import pytest

from tests.browser.conftest import FOCUS, LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
PRICES = {"en": ("$79", "€740"), "zh-hans": ("¥528", "€740")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_ada_compares_plans_and_signs_up_with_the_modules_of_one(person, language):
    for width in WIDTHS:
        ada = person(width=width, language=language, java_script_enabled=False)
        ada.open("/")
        ada.press("a[href='/pricing']")
        first, chosen = PRICES[language]
        assert first in ada.text()
        ada.press("a[href*='interval=year']:not([aria-current])")
        ada.press("a[href*='currency=EUR']")
        assert chosen in ada.text()
        assert ada.page.locator(".segments a[aria-current]").count() == 2
        ada.press(".plan >> nth=1 >> button")
        assert ticked(ada) == ["crm", "erp", "scm"]


def test_ada_picks_her_own_modules(person):
    ada = person(width="phone", java_script_enabled=False)
    ada.open("/pricing")
    for name in ("oa", "finance"):
        ada.page.check(f".custom input[value={name}]")
    ada.press(".custom button")
    assert ticked(ada) == ["finance", "oa"]


def test_every_price_is_reached_with_the_keyboard(person):
    ada = person()
    ada.open("/pricing")
    reached = []
    for _ in range(17):
        ada.page.keyboard.press("Tab")
        assert ada.page.evaluate(FOCUS)
        reached.append(ada.page.evaluate("document.activeElement.value || document.activeElement.innerText"))
    plans = ["3", "Try Starter", "5", "Try Business", "10", "Try Enterprise"]  # each with its seats
    assert reached == ["Tessera", "Sign in", "Sign up", "Monthly", "Yearly", "USD", "EUR", "CNY", *plans, "1", "crm", "erp"]


def ticked(ada):
    return sorted(box.get_attribute("value") for box in ada.page.query_selector_all("input[name=modules]:checked"))
