"""Who comes back from Stripe's page sees what became of it, without a script, and only in the own company."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from billing.models import Checkout
from tenants import tasks
from tenants.provisioning import create_tenant
from tests.billing.services import words
from tests.tenancy.people import member_of, owner_of

WISH = {"plan": "plan.custom", "interval": "MONTH", "currency": "USD", "additions": ["module.stock"]}


@pytest.fixture
def page(shop, ada):
    """Return the path of the page on which a checkout ends."""
    return f"/billing/checkout/{ada.data(words.CHECKOUT, input=WISH)['it']['result']['checkout']}"


@pytest.fixture
def pay(shop):
    return lambda: shop.stripe.pay(shop.v1.checkout.sessions.list().data[0].id)


def seen(person, path):
    """Return the heading of a page and what it refreshes to, "" where it stays."""
    answer = person.client.get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    again = re.search(r'<meta http-equiv="refresh" content="([^"]*)">', text)
    return re.search(r"<h1>(.*?)</h1>", text)[1], again[1].replace("&amp;", "&") if again else ""


def test_who_left_can_go_on(shop, ada, page):
    assert seen(ada, page) == ("Nothing was bought yet", "")
    assert Checkout.objects.get().url in ada.client.get(page).content.decode()


def test_who_paid_waits_for_the_event_and_then_for_the_modules(shop, acme, ada, page, pay):
    pay()
    assert seen(ada, f"{page}?paid=1") == ("Thank you for your purchase", "2; url=?paid=1&look=1")
    assert seen(ada, f"{page}?paid=1&look=4") == ("Thank you for your purchase", "2; url=?paid=1&look=5")
    shop.works()
    assert seen(ada, f"{page}?paid=1&look=6") == ("Acme has Pick your own", "2; url=?paid=1&look=7")
    assert "These modules are coming on" in ada.client.get(page).content.decode()
    tasks.finish_switching(tenant_id=str(acme.id))
    assert seen(ada, f"{page}?paid=1&look=7") == ("Acme has Pick your own", "")


def test_when_the_event_does_not_come_stripe_is_asked(shop, ada, page, pay):
    pay()
    assert seen(ada, f"{page}?paid=1&look=5")[0] == "Acme has Pick your own"
    assert Checkout.objects.get().state == "complete"


def test_with_stripe_away_it_goes_on_waiting_and_ends_some_time(shop, ada, page, pay):
    pay()
    shop.stripe.faults(outage="503")
    assert seen(ada, f"{page}?paid=1&look=15") == ("Thank you for your purchase", "2; url=?paid=1&look=16")
    assert seen(ada, f"{page}?paid=1&look=90") == ("Thank you for your purchase", "")
    assert "You may close this page" in ada.client.get(f"{page}?paid=1&look=90").content.decode()


def test_a_page_that_ran_out_says_so(shop, ada, page):
    shop.stripe.advance(days=2)
    assert seen(ada, f"{page}?paid=1&look=5") == ("Nothing was bought", "")


def test_it_is_the_companys_own(shop, acme, ada, page):
    stranger = Client(HTTP_HOST="acme.localhost:8000").get(f"{page}?paid=1")
    assert (stranger.status_code, stranger["Location"]) == (
        302,
        f"/session/start?next={page.replace('/', '%2F')}%3Fpaid%3D1",
    )
    other = owner_of(create_tenant(company="Other", slug="other"), "eve")
    statuses = [who.client.get(path).status_code for who, path in ((other, page), (member_of(acme), page))]
    assert statuses == [404, 404]
    assert ada.client.get(f"/billing/checkout/{uuid4()}").status_code == 404
    assert Client(HTTP_HOST="localhost:8000").get(page).status_code == 404


def test_it_speaks_the_readers_language(shop, ada, page):
    answer = ada.client.get(page, headers={"Accept-Language": "zh-CN"})
    assert "尚未购买" in answer.content.decode()
