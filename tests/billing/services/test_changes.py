"""A change is shown with its price first, and costs just that: to the cent, or not at all."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import given as with_any
from hypothesis import strategies as st
from tessera.context import system
from tessera.testing.plugin import entered

from billing.mirror.refreshing import refresh_customer
from billing.models import Instruction
from billing.services import changes, instructions
from tests.billing.core.shop import FAILS
from tests.billing.services import words
from tests.billing.services.paying import codes
from tests.billing.services.words import PREVIEW as CHANGES

SHOWN = ("currency", "subtotal", "discount", "tax", "total", "due")
wishes = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["plan.starter", "plan.business", "plan.enterprise", "plan.custom"]),
        "interval": st.sampled_from(["MONTH", "YEAR"]),
        "seats": st.integers(1, 30),
        "additions": st.sampled_from([[], ["bundle.oa"], ["module.finance"], ["bundle.erp", "bundle.oa"], ["module.stock"]]),
    },
)
walks = st.lists(st.tuples(st.integers(0, 20 * 86400), wishes, st.integers(0, 600)), min_size=1, max_size=3)


def equal(preview, invoice):
    """Say that an invoice is what a preview showed, line by line."""
    assert {name: invoice[name] for name in SHOWN} == {name: preview[name] for name in SHOWN}
    told = [(line["description"], line["amount"], line["proration"]) for line in preview["lines"]]
    assert [(line["description"], line["amount"], line["proration"]) for line in invoice["lines"]] == told


def test_a_module_is_added_for_the_rest_of_the_month_and_given_back_when_it_goes(payer):
    payer.subscribes("custom")
    payer.shop.stripe.advance(days=10)
    shown = payer.preview(additions=["module.finance"])
    start, end = payer.period()
    month = (end - start).days
    share = Decimal(20) * (month - 10) / month
    assert (shown["now"], Decimal(shown["total"]), shown["recurring"]) == (True, round(share, 2), "29")
    answer = payer.change(shown["token"])
    assert answer["result"]["amount"] == "29"
    assert payer.products() == {"module.finance": 1, "plan.custom": 1}
    equal(shown, payer.last_invoice())
    back = payer.preview(additions=[])
    assert (Decimal(back["total"]), back["due"], back["recurring"]) == (-round(share, 2), "0", "9")
    payer.change(back["token"])
    equal(back, payer.last_invoice())
    assert payer.shop.v1.customers.retrieve(payer.customer.stripe_id).balance == -round(share * 100)


def test_another_plan_takes_its_seats_along_and_drops_what_it_holds(payer):
    payer.subscribes("custom", "seat.custom*6", "module.finance", "bundle.oa")
    shown = payer.preview(plan="plan.business")
    assert payer.change(shown["token"])["result"] | {"items": None} == {
        "status": "ACTIVE",
        "access": "FULL",
        "notice": None,
        "plan": "plan.business",
        "title": "Business",
        "interval": "MONTH",
        "intervalCount": 1,
        "currency": "USD",
        "seats": 7,
        "includedSeats": 5,
        "amount": "112",
        "paused": False,
        "endsAt": None,
        "resumesAt": None,
        "trialEnd": None,
        "items": None,
    }
    assert {item.product: item.quantity for item in payer.row().items.all()} == {
        "plan.business": 1,
        "seat.business": 2,
        "bundle.oa": 1,
        "meter.storage": 1,
        "meter.automation_runs": 1,
        "meter.messages": 1,
    }
    equal(shown, payer.last_invoice())


def test_a_year_begins_at_once_and_the_rest_of_the_month_is_given_back(payer):
    payer.subscribes("business", "seat.business*2")
    payer.shop.stripe.advance(days=3)
    shown = payer.preview(interval="YEAR")
    payer.shop.stripe.advance(120)
    answer = payer.change(shown["token"])["result"]
    assert (answer["interval"], answer["amount"], shown["recurring"]) == ("YEAR", "1030", "1030")
    equal(shown, payer.last_invoice())
    assert {item.interval for item in payer.row().items.all()} == {"year"}


def test_in_a_trial_a_change_is_free_and_the_first_invoice_is_what_was_shown(payer):
    payer.subscribes("custom", trial_period_days=10)
    shown = payer.preview(seats=4, additions=["bundle.crm"])
    assert (shown["now"], shown["total"]) == (False, "58")
    payer.change(shown["token"])
    assert payer.last_invoice()["total"] == "0"
    payer.shop.stripe.advance(days=10)
    payer.shop.stripe.advance(3700)
    invoice = payer.last_invoice()
    assert {name: invoice[name] for name in SHOWN} == {name: shown[name] for name in SHOWN}


@pytest.mark.safety
def test_whatever_is_changed_costs_what_was_shown(payer, count, monkeypatch):
    examples, seen = count("examples", 5, 40), [0]

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @with_any(walk=walks, percent=st.sampled_from([0, 0, 7, 33]), tax=st.sampled_from([0, 0, 13, 8.25]))
    def costs(walk, percent, tax):
        for old in payer.shop.v1.subscriptions.list({"customer": payer.customer.stripe_id}).data:
            payer.shop.v1.subscriptions.cancel(old.id)
        more = {}
        if percent:
            coupon = payer.shop.v1.coupons.create({"percent_off": percent, "duration": "forever"})
            more["discounts"] = [{"coupon": coupon.id}]
        if tax:
            rate = payer.shop.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": tax})
            more["default_tax_rates"] = [rate.id]
        payer.subscribes("custom", "seat.custom*2", **more)
        for before, wish, between in walk:
            payer.shop.stripe.advance(before)
            body = payer.ada.ask(CHANGES, **wish)
            if "errors" in body:
                assert {error["extensions"]["reason"] for error in body["errors"]} == {"INVALID"}
                continue
            payer.shop.stripe.advance(between)
            answer = payer.change(body["data"]["it"]["token"])
            if codes(answer) == ["CONFLICT"]:  # a period began in between
                assert between > 0
                continue
            assert answer["userErrors"] == []
            equal(body["data"]["it"], payer.last_invoice())
            seen[0] += 1

    costs()
    assert seen[0] > 0
    count.note(changes=seen[0])


def test_a_token_that_was_used_changes_nothing_more(payer):
    payer.subscribes("custom")
    token = payer.preview(seats=5)["token"]
    first = payer.change(token)
    assert payer.change(token) == first
    assert len(payer.shop.v1.invoices.list().data) == 2
    assert Instruction.objects.get().state == "done"


def test_a_change_whose_answer_was_lost_is_answered_by_the_same_token(payer, monkeypatch):
    payer.subscribes("custom")
    token = payer.preview(seats=5)["token"]

    def dies(**given):
        change(**given)
        raise KeyboardInterrupt

    change = changes.change_items
    monkeypatch.setattr(changes, "change_items", dies)
    with pytest.raises(KeyboardInterrupt):
        payer.change(token)
    monkeypatch.setattr(changes, "change_items", change)
    assert payer.change(token)["result"]["seats"] == 5
    assert len(payer.shop.v1.invoices.list().data) == 2


def test_a_preview_whose_base_has_changed_is_refused(payer):
    payer.subscribes("custom")
    first, second = payer.preview(seats=5)["token"], payer.preview(seats=6)["token"]
    payer.change(first)
    assert codes(payer.change(second)) == ["CONFLICT"]
    third = payer.preview(seats=6)["token"]
    payer.shop.v1.customers.balance_transactions.create(payer.customer.stripe_id, {"amount": -100, "currency": "usd"})
    assert codes(payer.change(third)) == ["CONFLICT"]
    fourth = payer.preview(seats=6)["token"]
    payer.shop.stripe.advance(days=32)
    assert codes(payer.change(fourth)) == ["CONFLICT"]
    assert payer.products() == {"plan.custom": 1, "seat.custom": 4}


def test_one_changes_at_a_time(payer):
    payer.subscribes("custom")
    first, second = payer.preview(seats=5)["token"], payer.preview(seats=6)["token"]
    with entered(payer.tenant, actor=system("test")):
        other = instructions.begin(customer=payer.customer, act="change", asked={}, by="bob", subject="another", is_alone=True)
    assert codes(payer.change(first)) == ["CONFLICT"]
    Instruction.objects.filter(pk=other.pk).update(created_at=timezone.now() - timedelta(minutes=3))
    assert payer.change(second)["result"]["seats"] == 6
    other.refresh_from_db()
    assert other.state == "dropped"
    with entered(payer.tenant, actor=system("test")):
        instructions.finish(other)
    other.refresh_from_db()
    assert other.state == "done"


def test_a_preview_that_is_too_old_forged_or_anothers_is_refused(payer, monkeypatch):
    payer.subscribes("custom")
    token = payer.preview(seats=5)["token"]
    assert codes(payer.change(token[:-1] + ("A" if token[-1] != "A" else "B"))) == ["CONFLICT"]
    monkeypatch.setattr(changes, "LIVES", timedelta(seconds=-1))
    assert codes(payer.change(token)) == ["CONFLICT"]
    assert not Instruction.objects.exists()


def test_a_card_that_fails_changes_nothing_and_another_one_may_try_again(payer):
    payer.subscribes("custom")
    payer.shop.pays_with(payer.customer, FAILS)
    token = payer.preview(additions=["bundle.erp"])["token"]
    assert codes(payer.change(token)) == ["PAYMENT_FAILED"]
    assert payer.products() == {"plan.custom": 1}
    payer.shop.pays_with(payer.customer, "pm_card_visa")
    assert payer.change(token)["userErrors"] == []
    assert [each.state for each in Instruction.objects.order_by("created_at")] == ["refused", "done"]


def test_what_was_bought_keeps_its_price_when_the_catalogue_has_another(payer):
    payer.subscribes("custom", "seat.custom*2")
    old = payer.shop.v1.prices.retrieve(payer.shop.price("seat.custom.month.usd"))
    asked = {"product": old.product, "currency": "usd", "unit_amount": 990, "recurring": {"interval": "month"}}
    payer.shop.v1.prices.create(asked | {"lookup_key": old.lookup_key, "transfer_lookup_key": True})
    assert payer.preview(seats=7)["recurring"] == "57"


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({}, ("INVALID", "")),
        ({"seats": 1}, ("INVALID", "")),
        ({"plan": "plan.none"}, ("NOT_FOUND", "plan")),
        ({"plan": "plan.business", "additions": ["bundle.erp"]}, ("INVALID", "additions.0")),
        ({"seats": -1}, ("INVALID", "seats")),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(payer, wish, found):
    payer.subscribes("custom")
    assert payer.refusal(**wish) == found


def test_there_is_nothing_to_change_before_anything_was_bought(payer):
    assert payer.refusal(seats=2) == ("STATE", "")


def test_what_is_paid_every_three_months_is_shown_so_and_not_changed_by_the_company(payer):
    sold = payer.shop.v1.prices.retrieve(payer.shop.price("custom.month.usd"))
    recurring = {"interval": "month", "interval_count": 3}
    asked = {"product": sold.product, "currency": "usd", "unit_amount": 2700, "recurring": recurring}
    price = payer.shop.v1.prices.create(asked)
    made = payer.shop.v1.subscriptions.create({"customer": payer.customer.stripe_id, "items": [{"price": price.id}]})
    payer.id = made.id
    refresh_customer(customer=payer.customer)
    shown = payer.ada.data(words.SHOW)["it"]
    assert (shown["interval"], shown["intervalCount"], shown["amount"]) == ("MONTH", 3, "27")
    start, end = payer.period()
    assert 88 <= (end - start).days <= 92
    assert payer.refusal(seats=2) == ("STATE", "")
    assert payer.ada.data(words.IMPACT, module="stock")["it"]["interval"] is None


def test_a_subscription_made_by_hand_is_not_changed_by_the_company(payer):
    product = payer.shop.v1.products.create({"name": "By agreement"})
    recurring = {"interval": "month"}
    price = payer.shop.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 5, "recurring": recurring, "lookup_key": "agreed.month.usd"}
    )
    assert price.lookup_key == "agreed.month.usd"
    payer.subscribes("custom", "agreed")
    assert payer.refusal(seats=2) == ("STATE", "")
