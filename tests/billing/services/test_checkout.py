"""A company chooses, is sent to Stripe's page, pays there, and has what it bought; two clicks buy it once."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone

from billing.models import Checkout, Customer
from billing.services import checkout
from tenants.models import Tenant
from tests.billing.core.shop import entitled
from tests.billing.services import words
from tests.tenancy.people import member_of

BUSINESS = {"plan": "plan.business", "interval": "MONTH", "currency": "usd"}


def buy(ada, **given):
    body = ada.data(words.CHECKOUT, input=BUSINESS | given)["it"]
    assert body["userErrors"] == []
    return body["result"]


def refused(ada, **given):
    body = ada.data(words.CHECKOUT, input=BUSINESS | given)["it"]
    assert body["result"] is None
    return [(error["code"], ".".join(error["field"])) for error in body["userErrors"]]


def sessions(shop):
    return shop.v1.checkout.sessions.list().data


def test_a_checkout_asks_for_the_prices_of_the_catalogue_and_says_whose_it_is(shop, acme, ada):
    made = buy(ada, seats=7, additions=["bundle.oa"])
    (session,) = sessions(shop)
    assert made == {"url": session.url, "checkout": session.client_reference_id}
    assert session.metadata.to_dict() == {"checkout": made["checkout"], "tenant": str(acme.pk)}
    assert session.customer == Customer.objects.get(tenant=acme).stripe_id
    lines = shop.v1.checkout.sessions.line_items.list(session.id).data
    assert [(line.price.lookup_key, line.price.unit_amount, line.quantity) for line in lines] == [
        ("business.month.usd", 7900, 1),
        ("seat.business.month.usd", 1200, 2),
        ("bundle.oa.month.usd", 900, 1),
        ("meter.storage.month.usd", 1, 0),
        ("meter.automation_runs.month.usd", None, 0),
        ("meter.messages.month.usd", None, 0),
    ]


def test_what_was_paid_is_a_subscription_that_gives_its_modules(shop, acme, ada):
    made = buy(ada, seats=7)
    (session,) = sessions(shop)
    shop.stripe.pay(session.id)
    shop.works()
    (row,) = Customer.objects.get(tenant=acme).subscriptions.all()
    assert (row.checkout, row.status) == (made["checkout"], "trialing")
    assert entitled(acme).seats == 7
    assert {"finance", "stock", "sales"} <= set(entitled(acme).modules)
    shown = ada.data(words.SHOW)["it"]
    assert (shown["plan"], shown["interval"], shown["seats"], shown["includedSeats"]) == ("plan.business", "MONTH", 7, 5)
    assert shown["amount"] == "103"


def test_what_is_left_of_the_trial_is_free(shop, acme, ada):
    Tenant.objects.filter(pk=acme.pk).update(created_at=timezone.now() - timedelta(days=4, hours=1))
    buy(ada)
    (session,) = sessions(shop)
    assert session.amount_total == 0
    sub = shop.v1.subscriptions.retrieve(shop.stripe.pay(session.id)["subscription"])
    assert (sub.trial_end - sub.trial_start) / 86400 == 10  # the day that has begun is theirs


def test_the_same_choice_is_the_same_page_and_another_closes_it(shop, ada):
    first = buy(ada)
    assert buy(ada) == first
    other = buy(ada, interval="YEAR")
    assert other["checkout"] != first["checkout"]
    assert {each.client_reference_id: each.status for each in sessions(shop)} == {
        first["checkout"]: "expired",
        other["checkout"]: "open",
    }
    assert [row.state for row in Checkout.objects.order_by("created_at")] == ["expired", "open"]


def test_a_key_sent_twice_is_answered_alike(shop, ada):
    first = ada.data(words.CHECKOUT, input=BUSINESS, key="k1")["it"]
    assert ada.data(words.CHECKOUT, input=BUSINESS, key="k1")["it"] == first
    again = ada.data(words.CHECKOUT, input=BUSINESS | {"seats": 9}, key="k1")["it"]
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("CONFLICT", ["idempotencyKey"])]
    assert len(sessions(shop)) == 1


def test_an_intent_whose_answer_was_lost_is_taken_up(shop, ada, monkeypatch):
    told = []

    def dies(**given):
        told.append(create(**given))
        raise KeyboardInterrupt

    create = checkout.create_checkout
    monkeypatch.setattr(checkout, "create_checkout", dies)
    with pytest.raises(KeyboardInterrupt):
        ada.ask(words.CHECKOUT, input=BUSINESS)
    monkeypatch.undo()
    monkeypatch.setattr(checkout, "create_checkout", create)
    assert buy(ada)["url"] == told[0].url
    assert len(sessions(shop)) == 1


def test_a_page_that_ran_out_is_made_anew(shop, ada):
    first = buy(ada)
    shop.stripe.advance(days=2)
    assert buy(ada)["checkout"] != first["checkout"]


def test_who_has_paid_and_has_one_buys_no_second(shop, ada):
    buy(ada)
    shop.stripe.pay(sessions(shop)[0].id)
    assert refused(ada) == [("STATE", "")]  # paid a moment ago, its event has not come yet
    assert Checkout.objects.get().state == "complete"
    assert refused(ada, plan="plan.starter") == [("STATE", "")]
    assert len(shop.v1.subscriptions.list().data) == 1


def test_who_left_buys_again_and_pays_at_once(shop, acme, ada):
    buy(ada)
    session = shop.stripe.pay(sessions(shop)[0].id)
    shop.works()
    shop.v1.subscriptions.cancel(session["subscription"])
    shop.works()
    assert refused(ada, currency="eur") == [("INVALID", "input.currency")]
    again = buy(ada)
    session = next(each for each in sessions(shop) if each.client_reference_id == again["checkout"])
    assert session.amount_total == 7900
    shop.stripe.pay(session.id)
    shop.works()
    assert ada.data(words.SHOW)["it"]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"plan": "business"}, ("NOT_FOUND", "input.plan")),
        ({"plan": "bundle.crm"}, ("NOT_FOUND", "input.plan")),
        ({"currency": "GBP"}, ("NOT_FOUND", "input.currency")),
        ({"seats": 0}, ("INVALID", "input.seats")),
        ({"seats": 10_001}, ("INVALID", "input.seats")),
        ({"additions": ["seat.business"]}, ("NOT_FOUND", "input.additions.0")),
        ({"additions": ["bundle.oa", "module.finance"]}, ("INVALID", "input.additions.1")),
        ({"additions": ["bundle.oa", "bundle.oa"]}, ("INVALID", "input.additions.1")),
        ({"code": "FREE"}, ("INVALID", "input.code")),
    ],
)
def test_what_is_not_sold_so_is_refused_by_its_field(shop, ada, given, found):
    assert refused(ada, **given) == [found]
    assert sessions(shop) == []


@pytest.mark.parametrize("other", [{"amount": 100}, {"interval": "year"}, {"interval_count": 3}])
def test_a_price_that_stripe_has_otherwise_is_not_sold(shop, ada, other):
    price = shop.v1.prices.retrieve(shop.price("business.month.usd"))
    recurring = {"interval": other.get("interval", "month"), "interval_count": other.get("interval_count", 1)}
    amount = other.get("amount", price.unit_amount)
    asked = {"product": price.product, "currency": "usd", "unit_amount": amount, "recurring": recurring}
    shop.v1.prices.create(asked | {"lookup_key": "business.month.usd", "transfer_lookup_key": True})
    assert refused(ada) == [("UNAVAILABLE", "")]


def test_a_promotion_code_takes_off_what_it_says(shop, acme, ada):
    Tenant.objects.filter(pk=acme.pk).update(created_at=timezone.now() - timedelta(days=30))
    coupon = shop.v1.coupons.create({"percent_off": 25, "duration": "once"})
    shop.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "AUTUMN"})
    buy(ada, code="AUTUMN")
    assert sessions(shop)[0].amount_total == 5925


def test_with_stripe_away_nothing_is_kept_and_it_is_told(shop, ada, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    (error,) = ada.ask(words.CHECKOUT, input=BUSINESS)["errors"]
    assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("TIMEOUT", "UNREACHABLE")
    assert not Checkout.objects.exists()


def test_it_takes_the_right_to_buy(shop, acme):
    bob = member_of(acme, billing__account_view="all")
    assert bob.data(words.SHOW) == {"it": None}
    assert bob.codes(words.CHECKOUT, input=BUSINESS) == ["FORBIDDEN"]
    assert bob.codes(words.PREVIEW) == ["FORBIDDEN"]
    assert not Customer.objects.exists()


def test_where_nothing_is_sold_nothing_can_be_bought(ada, settings):
    settings.STRIPE_API_KEY = ""
    assert refused(ada) == [("STATE", "")]


@pytest.mark.committed
def test_clicks_at_once_make_one_page(shop, acme, ada):
    answers = []

    def click():
        try:
            answers.append(buy(ada)["url"])
        finally:
            connections.close_all()

    threads = [Thread(target=click) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(answers) == 4
    assert set(answers) == {session.url for session in sessions(shop)}
    assert len(sessions(shop)) == 1
