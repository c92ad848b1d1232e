"""The life of a subscription, driven by the clock: trials, renewals, failed payments, pauses, ends."""

from itertools import pairwise
from typing import Any

import pytest
import stripe

DAY = 86400


def test_a_trial_without_a_card_warns_and_then_does_what_was_chosen(local: Any, shop: Any, v1: Any) -> None:
    seat = shop.price("Seat", 1000)
    subs = {}
    for end in ("cancel", "pause", "create_invoice"):
        trial = {"trial_period_days": 14, "trial_settings": {"end_behavior": {"missing_payment_method": end}}}
        subs[end] = shop.subscription((seat, 1), customer=shop.customer(None), **trial)
    first = subs["cancel"]
    assert (first.status, first.trial_end, first["items"].data[0].current_period_end) == (
        "trialing",
        local.now + 14 * DAY,
        local.now + 14 * DAY,
    )
    assert [(row.total, row.status, row.billing_reason) for row in shop.invoices(first.id)] == [
        (0, "paid", "subscription_create")
    ]
    local.advance(days=11, seconds=-1)
    assert local.events("customer.subscription.trial_will_end") == []
    local.advance(1)
    warned = local.events("customer.subscription.trial_will_end")
    assert [event["data"]["object"]["id"] for event in warned] == [sub.id for sub in subs.values()]
    assert {event["created"] for event in warned} == {local.now}
    local.advance(days=3, seconds=3600)
    assert {end: shop.status(sub.id) for end, sub in subs.items()} == {
        "cancel": "canceled",
        "pause": "paused",
        "create_invoice": "past_due",
    }
    assert len(local.events("customer.subscription.trial_will_end")) == 3
    paused = v1.subscriptions.retrieve(subs["pause"].id)
    assert paused.status_details.paused.subscription.type == "trial_end_without_payment_method"
    v1.customers.update(paused.customer, {"invoice_settings": {"default_payment_method": "pm_card_visa"}})
    assert v1.subscriptions.resume(paused.id).status == "active"
    assert shop.invoices(paused.id)[0].amount_paid == 1000


def test_a_renewal_is_a_draft_for_an_hour(local: Any, shop: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 2))
    end = sub["items"].data[0].current_period_end
    local.advance(end - local.now)
    draft = shop.invoices(sub.id)[0]
    assert (draft.status, draft.billing_reason, draft.automatically_finalizes_at) == ("draft", "subscription_cycle", end + 3600)
    assert (draft.period_start, draft.period_end) == (sub.start_date, end)
    assert (draft.lines.data[0].period.start, draft.amount_due, draft.number) == (end, 2000, None)
    assert draft.parent.subscription_details.subscription == sub.id
    local.advance(3600)
    paid = shop.invoices(sub.id)[0]
    assert (paid.id, paid.status, paid.amount_paid, paid.number[-4:]) == (draft.id, "paid", 2000, "0002")


def test_renewals_go_on_for_a_year_at_their_own_moments(local: Any, shop: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    local.advance(days=366)
    invoices = shop.local.client.v1.invoices.list({"subscription": sub.id, "limit": 100}).data
    assert len(invoices) == 13
    assert [row.status for row in invoices] == ["paid"] * 13
    times = [row.created for row in reversed(invoices)]
    assert [later - earlier for earlier, later in pairwise(times)] == [
        days * DAY for days in (30, 31, 30, 31, 31, 28, 31, 30, 31, 30, 31, 31)
    ]
    moments = [event["created"] for event in local.events()]
    assert moments == sorted(moments)
    assert moments[0] >= local.now - 30 * DAY  # Stripe forgets events after thirty days


@pytest.mark.parametrize("then", ["unpaid", "canceled", "past_due"])
def test_failed_payments_are_retried_and_then_given_up(local: Any, shop: Any, then: str) -> None:
    from tests.billing.local_stripe.test_protocol import ask

    ask(local, "POST", "/_local/settings", f"dunning[then]={then}&dunning[retry_after_days][0]=3&dunning[retry_after_days][1]=5")
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    shop.v1.customers.update(sub.customer, {"invoice_settings": {"default_payment_method": "pm_card_chargeCustomerFail"}})
    local.advance(sub["items"].data[0].current_period_end - local.now + 3600)
    first, failed = local.now, shop.invoices(sub.id)[0]
    assert (failed.status, failed.attempt_count, failed.next_payment_attempt) == ("open", 1, first + 3 * DAY)
    assert shop.status(sub.id) == "past_due"
    assert shop.v1.customers.retrieve(sub.customer).delinquent is True
    local.advance(days=3)
    assert shop.invoices(sub.id)[0].next_payment_attempt == first + 8 * DAY
    local.advance(days=5)
    last = shop.invoices(sub.id)[0]
    assert (last.attempt_count, last.next_payment_attempt, shop.status(sub.id)) == (3, None, then)
    assert [event["created"] - first for event in local.events("invoice.payment_failed")] == [0, 3 * DAY, 8 * DAY]


def test_paying_heals_at_once(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    v1.customers.update(sub.customer, {"invoice_settings": {"default_payment_method": "pm_card_chargeCustomerFail"}})
    local.advance(days=31)
    invoice = shop.invoices(sub.id)[0]
    with pytest.raises(stripe.CardError) as told:
        v1.invoices.pay(invoice.id)
    assert (told.value.code, told.value.http_status) == ("card_declined", 402)
    paid = v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.amount_remaining, shop.status(sub.id)) == ("paid", 0, "active")
    assert v1.customers.retrieve(sub.customer).delinquent is False
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        v1.invoices.pay(invoice.id)


def test_unpaid_subscriptions_collect_drafts(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    v1.customers.update(sub.customer, {"invoice_settings": {"default_payment_method": "pm_card_chargeCustomerFail"}})
    local.advance(days=80)
    assert shop.status(sub.id) == "unpaid"
    assert [row.status for row in shop.invoices(sub.id)] == ["draft", "open", "paid"]


def test_a_first_payment_that_fails_leaves_it_incomplete_for_23_hours(local: Any, shop: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1), customer=shop.customer("pm_card_chargeCustomerFail"))
    assert sub.status == "incomplete"
    local.advance(23 * 3600)
    assert shop.status(sub.id) == "incomplete_expired"
    assert shop.invoices(sub.id)[0].status == "void"


def test_three_d_secure_is_confirmed_on_the_page_of_the_bank(local: Any, shop: Any, v1: Any) -> None:
    from tests.billing.local_stripe.test_pages import post

    sub = shop.subscription((shop.price("Seat", 1000), 1), customer=shop.customer("pm_card_authenticationRequired"))
    paths = ["payments.data.payment.payment_intent", "confirmation_secret"]
    invoice = v1.invoices.retrieve(sub.latest_invoice, {"expand": paths})
    intent = invoice.payments.data[0].payment.payment_intent
    assert (sub.status, intent.status, intent.next_action.type) == ("incomplete", "requires_action", "redirect_to_url")
    assert invoice.confirmation_secret.client_secret == intent.client_secret
    assert [event["data"]["object"]["id"] for event in local.events("invoice.payment_action_required")] == [invoice.id]
    status, _ = post(intent.next_action.redirect_to_url.url, passed="yes")
    assert (status, shop.status(sub.id)) == (303, "active")


def test_a_card_that_refuses_cannot_be_saved(shop: Any, v1: Any) -> None:
    customer = shop.customer(None)
    with pytest.raises(stripe.CardError) as told:
        v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})
    assert (told.value.code, told.value.json_body["error"]["decline_code"]) == ("card_declined", "generic_decline")
    assert v1.payment_methods.list({"customer": customer}).data == []


def test_a_change_that_must_be_paid_is_refused_whole(shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    v1.customers.update(sub.customer, {"invoice_settings": {"default_payment_method": "pm_card_chargeCustomerFail"}})
    asked = {"items": [{"id": sub["items"].data[0].id, "quantity": 9}], "proration_behavior": "always_invoice"}
    with pytest.raises(stripe.CardError):
        v1.subscriptions.update(sub.id, {**asked, "payment_behavior": "error_if_incomplete"})
    after = v1.subscriptions.retrieve(sub.id)
    assert (after["items"].data[0].quantity, after.latest_invoice, after.status) == (1, sub.latest_invoice, "active")
    assert v1.invoice_items.list().data == []


def test_a_subscription_ends_with_its_period_or_is_kept(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    end = sub["items"].data[0].current_period_end
    ending = v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    assert (ending.cancel_at, ending.canceled_at, ending.status) == (end, local.now, "active")
    kept = v1.subscriptions.update(sub.id, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.canceled_at) == (None, None)
    v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    local.advance(days=31)
    over = v1.subscriptions.retrieve(sub.id)
    assert (over.status, over.ended_at, len(shop.invoices(sub.id))) == ("canceled", end, 1)
    assert [event["created"] for event in local.events("customer.subscription.deleted")] == [end]
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.update(sub.id, {"items": []} | {"cancel_at_period_end": False})


def test_cancelling_now_gives_back_what_is_left(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1))
    local.advance(days=10)
    assert v1.subscriptions.cancel(sub.id, {"invoice_now": True, "prorate": True}).status == "canceled"
    assert shop.invoices(sub.id)[0].total == -2000
    assert v1.customers.retrieve(sub.customer).balance == -2000


def test_a_paused_subscription_bills_nothing_until_it_is_resumed(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1))
    local.advance(days=10)
    paused = v1.subscriptions.pause(sub.id, {"type": "subscription"})
    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
    assert [row.amount for row in v1.invoice_items.list({"pending": True}).data] == [-2000]
    assert [event["data"]["object"]["id"] for event in local.events("customer.subscription.paused")] == [sub.id]
    local.advance(days=90)
    assert len(shop.invoices(sub.id)) == 1
    resumed = v1.subscriptions.resume(sub.id)
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", local.now)
    assert [line.amount for line in shop.invoices(sub.id)[0].lines.data] == [-2000, 3000]
    assert [event["data"]["object"]["id"] for event in local.events("customer.subscription.resumed")] == [sub.id]


def test_a_resumed_subscription_keeps_its_cycle_where_asked(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1))
    v1.subscriptions.pause(sub.id, {"type": "subscription", "bill_for": {"unused_time_from": {"type": "none"}}})
    local.advance(days=10)
    with pytest.raises(stripe.InvalidRequestError, match="billing_cycle_anchor"):
        v1.subscriptions.resume(sub.id, {"billing_cycle_anchor": "unchanged"})
    resumed = v1.subscriptions.resume(sub.id, {"billing_cycle_anchor": {"type": "unchanged"}})
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", sub.billing_cycle_anchor)
    assert resumed["items"].data[0].current_period_end == sub["items"].data[0].current_period_end


def test_a_cycle_begins_anew_where_asked(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1))
    local.advance(days=10)
    asked = {"billing_cycle_anchor": {"type": "now"}}
    preview = v1.invoices.create_preview({"subscription": sub.id, "subscription_details": asked})
    changed = v1.subscriptions.update(sub.id, asked)
    assert changed.billing_cycle_anchor == local.now
    newest = shop.invoices(sub.id)[0]
    assert [line.amount for line in newest.lines.data] == [-2000, 3000]
    assert preview.total == newest.total
    assert v1.subscriptions.update(sub.id, {"billing_cycle_anchor": {"type": "unchanged"}}).billing_cycle_anchor == local.now
    with pytest.raises(stripe.InvalidRequestError, match="to no other moment than now"):
        later = {"billing_cycle_anchor": {"type": "timestamp", "timestamp": local.now + DAY}}
        v1.invoices.create_preview({"subscription": sub.id, "subscription_details": later})


def test_collection_is_paused_and_goes_on_by_itself(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1))
    v1.subscriptions.update(sub.id, {"pause_collection": {"behavior": "void", "resumes_at": local.now + 45 * DAY}})
    local.advance(days=65)
    assert [row.status for row in shop.invoices(sub.id)] == ["paid", "void", "paid"]
    assert v1.subscriptions.retrieve(sub.id).pause_collection is None


def test_a_trial_ended_early_bills_at_once(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1), trial_period_days=14)
    local.advance(days=5)
    now = v1.subscriptions.update(sub.id, {"trial_end": "now"})
    assert (now.status, now.trial_end, now.billing_cycle_anchor) == ("active", local.now, local.now)
    assert shop.invoices(sub.id)[0].amount_paid == 3000


def test_a_trial_may_be_made_longer(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 3000), 1), trial_period_days=14)
    longer = v1.subscriptions.update(sub.id, {"trial_end": sub.trial_end + 7 * DAY, "proration_behavior": "none"})
    assert longer["items"].data[0].current_period_end == sub.trial_end + 7 * DAY
    local.advance(days=20)
    assert shop.status(sub.id) == "trialing"


def test_customers_on_a_test_clock_live_in_its_time(local: Any, shop: Any, v1: Any) -> None:
    clock = v1.test_helpers.test_clocks.create({"frozen_time": local.now - 100 * DAY})
    sub = shop.subscription((shop.price("Seat", 1000), 1), customer=shop.customer(test_clock=clock.id))
    assert sub.created == clock.frozen_time
    advancing = v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 95 * DAY})
    assert advancing.status == "advancing"
    assert v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"
    assert len(shop.invoices(sub.id)) == 4
    local.advance(days=400)
    assert len(shop.invoices(sub.id)) == 4
    v1.test_helpers.test_clocks.delete(clock.id)
    assert v1.subscriptions.list({"status": "all"}).data == []


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([{"price": "seat"}, {"price": "seat"}], "multiple subscription items with the same plan"),
        ([{"price": "seat"}, {"price": "year"}], "same interval"),
        ([{"price": "seat"}, {"price": "euro"}], "multiple currencies"),
        ([{"price": "once"}], "type=one_time"),
        ([{"price": "gone"}], "inactive"),
        ([], "at least one"),
    ],
)
def test_items_that_do_not_go_together_are_refused(shop: Any, v1: Any, items: list[dict[str, str]], says: str) -> None:
    product = v1.products.create({"name": "Other"}).id
    keys = {
        "seat": shop.price("Seat", 1000),
        "year": shop.price("Year", 1000, "year"),
        "euro": v1.prices.create(
            {"product": product, "currency": "eur", "unit_amount": 5, "recurring": {"interval": "month"}}
        ).id,
        "once": v1.prices.create({"product": product, "currency": "usd", "unit_amount": 5}).id,
        "gone": shop.price("Gone", 1),
    }
    v1.prices.update(keys["gone"], {"active": False})
    asked = [{"price": keys[item["price"]]} for item in items]
    customer = shop.customer()
    with pytest.raises(stripe.InvalidRequestError, match=says):
        if asked:
            v1.subscriptions.create({"customer": customer, "items": asked})
        else:
            sub = shop.subscription((keys["seat"], 1), customer=customer)
            v1.subscription_items.delete(sub["items"].data[0].id)


def test_what_paid_is_kept_where_the_subscription_says_so(shop: Any, v1: Any) -> None:
    more = {"payment_behavior": "default_incomplete", "payment_settings": {"save_default_payment_method": "on_subscription"}}
    sub = shop.subscription((shop.price("Seat", 1000), 1), customer=shop.customer(None), **more)
    invoice = v1.invoices.retrieve(sub.latest_invoice, {"expand": ["payments"]})
    intent = invoice.payments.data[0].payment.payment_intent
    assert (sub.status, v1.payment_intents.retrieve(intent).status) == ("incomplete", "requires_payment_method")
    assert v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"}).status == "succeeded"
    paid = v1.subscriptions.retrieve(sub.id, {"expand": ["default_payment_method"]})
    assert (paid.status, paid.default_payment_method.card.last4) == ("active", "4242")


def test_a_void_invoice_gives_back_the_credit_it_took(local: Any, shop: Any, v1: Any) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail", balance=-300)
    sub = shop.subscription((shop.price("Seat", 1000), 1), customer=customer)
    assert (v1.invoices.retrieve(sub.latest_invoice).amount_due, v1.customers.retrieve(customer).balance) == (700, 0)
    assert v1.invoices.void_invoice(sub.latest_invoice).status == "void"
    assert v1.customers.retrieve(customer).balance == -300
    ledger = v1.customers.balance_transactions.list(customer).data
    assert [(row.type, row.amount) for row in ledger] == [
        ("unapplied_from_invoice", -300),
        ("applied_to_invoice", 300),
        ("adjustment", -300),
    ]


def test_an_end_with_the_period_moves_with_the_period(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Monthly", 3000), 1))
    v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    changed = {"items": [{"id": sub["items"].data[0].id, "price": shop.price("Yearly", 30000, "year")}]}
    assert v1.subscriptions.update(sub.id, changed).cancel_at == local.now + 365 * DAY
