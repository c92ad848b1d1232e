"""The plan that somebody chooses on the page of prices is offered to their company for one click, and checked at every step."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from tessera.accounts.models import Account
from tessera.accounts.tests.hosts import Browser, program_token
from tessera.outbox.hints import client as valkey

from billing.catalogue import selectors
from billing.models import PlanChoice
from tenants.models import SignUp, Tenant
from tests.billing.services import words
from tests.billing.services.test_story import SIGN_UP, Visitor

FORM = {"company": "Acme Ltd", "slug": "acme", "email": "ada@acme.test", "password": "correct horse battery"}
CHOICE = "{ it: billingChoice { plan title interval currency seats additions amount text problem } }"
BUY = """mutation { it: billingCheckoutChosen(input: {}) { result { url checkout } userErrors { field code message } } }"""
CHOSEN = {
    "plan": "plan.business",
    "title": "Business",
    "interval": "YEAR",
    "currency": "EUR",
    "seats": 7,
    "additions": ["bundle.oa"],
    "amount": "1040",
    "text": "Business, OA · 7 seats · €1,040 a year",
    "problem": "",
}


@pytest.fixture(autouse=True)
def _limits():
    if old := valkey().keys("sys:signup:*"):
        valkey().delete(*old)


@pytest.fixture
def stranger(shop):
    return Client(HTTP_HOST=settings.BASE_DOMAIN)


def form_of(page, plan):
    """Return what a browser sends from the form of a plan on the page of prices: its address and its fields."""
    (found,) = [each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'value="{plan}"' in each]
    inputs = [dict(re.findall(r'(\w+)="([^"]*)"', each)) for each in re.findall(r"<input[^>]*>", found)]
    return [(each["name"], each["value"]) for each in inputs if each.get("type") != "checkbox"]


def confirm(client):
    link = urlsplit(re.search(r"http://\S+/signup/confirm/\S+", mail.outbox[-1].body)[0]).path
    return client.get(link).content.decode(), client.post(link)


def owner():
    account = Account.objects.get(email="ada@acme.test")
    ada = Visitor("acme.localhost:8000")
    secret = program_token(Browser(), Tenant.objects.get(slug="acme"), account)
    ada.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return ada


def retire(monkeypatch, key):
    """Let an offer not be sold any more."""
    from dataclasses import replace

    found = selectors.catalogue()
    offers = tuple(replace(each, sold=False) if each.key == key else each for each in found.offers)
    for place in ("billing.services.wanted", "billing.selectors.choice", "billing.signup", "billing.services.checkout"):
        monkeypatch.setattr(f"{place}.catalogue", lambda: replace(found, offers=offers))


def test_from_the_page_of_prices_to_a_paid_subscription(shop, stranger):
    page = stranger.get("/pricing", {"interval": "year", "currency": "EUR"}).content.decode()
    fields = dict.fromkeys(form_of(page, "plan.business"))
    asked = [(name, "7" if name == "seats" else value) for name, value in fields] + [("additions", "bundle.oa")]
    assert ("interval", "year") in asked and ("currency", "EUR") in asked and ("modules", "crm") in asked
    query = "&".join(f"{name}={value}" for name, value in asked)

    shown = stranger.get(f"/signup?{query}").content.decode()
    assert "7 seats" in shown and "€1,040 a year" in shown
    answer = stranger.post(f"/signup?{query}", FORM | {"modules": ["crm"]})
    assert (answer.status_code, answer["Location"]) == (302, "/signup/sent")
    shown, begun = confirm(stranger)
    assert "€1,040 a year" in shown
    assert begun.status_code == 302

    ada = owner()
    assert ada.data(CHOICE) == CHOSEN
    page = stranger.get("/billing/acme").content.decode()
    assert "€1,040 a year" in page and 'name="chosen"' in page

    paying = stranger.post("/billing/acme/pay", {"chosen": "1"})
    (session,) = shop.v1.checkout.sessions.list().data
    assert paying["Location"] == session.url == ada.data(BUY)["result"]["url"]
    shop.stripe.pay(session.id)
    shop.works()
    bought = ada.data(words.SHOW)
    assert (bought["plan"], bought["interval"], bought["currency"], bought["seats"], bought["amount"]) == (
        "plan.business", "YEAR", "EUR", 7, "1040",
    )  # fmt: skip
    assert ada.data(CHOICE) is None
    assert [error["code"] for error in ada.data(BUY)["userErrors"]] == ["STATE"]
    assert 'name="chosen"' not in stranger.get("/billing/acme").content.decode()


def test_modules_that_the_plan_has_not_are_bought_beside_it_and_doubles_fall_away(shop, stranger):
    query = "plan=plan.custom&interval=month&currency=USD&seats=2&modules=crm&modules=sales&modules=stock"
    stranger.post(f"/signup?{query}", FORM)
    assert SignUp.objects.get().wish == {
        "plan": "plan.custom", "interval": "month", "currency": "USD", "seats": 2, "additions": ["bundle.crm", "module.stock"],
    }  # fmt: skip


def test_what_is_not_sold_any_more_says_so_at_each_step(shop, stranger, monkeypatch):
    query = "plan=plan.business&interval=month&currency=USD&seats=5"
    stranger.post(f"/signup?{query}", FORM)
    retire(monkeypatch, "plan.business")
    assert "cannot be bought any more" in stranger.get(f"/signup?{query}").content.decode()
    shown, _begun = confirm(stranger)
    assert "cannot be bought any more" in shown
    ada = owner()
    choice = ada.data(CHOICE)
    assert (choice["amount"], choice["problem"]) == (None, "Nothing that is sold is named plan.business.")
    assert [error["code"] for error in ada.data(BUY)["userErrors"]] == ["NOT_FOUND"]
    page = stranger.get("/billing/acme").content.decode()
    assert "Nothing that is sold is named plan.business." in page and 'name="chosen"' not in page


def test_a_choice_that_was_never_sold_is_told_and_not_kept(shop, stranger):
    query = "plan=plan.gold&interval=month&currency=USD"
    assert "cannot be bought any more" in stranger.get(f"/signup?{query}").content.decode()
    assert stranger.post(f"/signup?{query}", FORM).status_code == 302
    assert SignUp.objects.get().wish is None


@pytest.mark.parametrize(
    "query",
    ["plan=plan.starter&seats=-3&interval=day&currency=x", "plan=plan.starter&seats=²", "plan=plan.starter&seats=99999999999"],
)
def test_nonsense_in_an_address_breaks_nothing(shop, stranger, query):
    assert stranger.get(f"/signup?{query}").status_code == 200
    assert stranger.post(f"/signup?{query}", FORM).status_code == 302


def test_it_is_chosen_over_the_api_too(shop):
    stranger = Visitor(settings.BASE_DOMAIN)
    document = SIGN_UP.replace(
        "password:", 'choice: {plan: "plan.starter", interval: "year", currency: "USD", seats: 4}, password:'
    )
    assert stranger.data(document)["userErrors"] == []
    assert SignUp.objects.get().wish["seats"] == 4
    wrong = document.replace("plan.starter", "plan.gold").replace("ada@", "eve@")
    assert stranger.data(wrong)["userErrors"][0]["code"] == "NOT_FOUND"
    assert SignUp.objects.count() == 1


def test_nothing_is_kept_where_nothing_is_sold(shop, stranger, settings):
    settings.STRIPE_API_KEY = ""
    stranger.post("/signup?plan=plan.business", FORM)
    confirm(stranger)
    assert not PlanChoice.objects.exists()
