"""Meters, features, and partners' accounts."""

from typing import Any

import pytest
import stripe

from tests.billing.local_stripe.test_pages import get, post

DAY = 86400


@pytest.fixture
def metered(shop: Any, v1: Any) -> tuple[Any, Any]:
    """A meter, and a subscription to a seat and to what the meter counts (3 cents each)."""
    meter = v1.billing.meters.create({"display_name": "Runs", "event_name": "runs", "default_aggregation": {"formula": "sum"}})
    price = shop.price("Runs", 3, recurring={"usage_type": "metered", "meter": meter.id})
    sub = shop.subscription((shop.price("Seat", 1000), 1))
    v1.subscription_items.create({"subscription": sub.id, "price": price})
    return meter, sub


def use(v1: Any, customer: str, value: int, identifier: str, **more: Any) -> Any:
    """Tell that a customer used something."""
    payload = {"stripe_customer_id": customer, "value": str(value)}
    return v1.billing.meter_events.create({"event_name": "runs", "payload": payload, "identifier": identifier, **more})


def test_usage_is_billed_after_its_period(local: Any, shop: Any, v1: Any, metered: Any) -> None:
    meter, sub = metered
    use(v1, sub.customer, 40, "a")
    local.advance(days=29)
    use(v1, sub.customer, 2, "b")
    preview = v1.invoices.create_preview({"subscription": sub.id})
    local.advance(days=1)
    use(v1, sub.customer, 500, "c")  # of the next period
    local.advance(3600)
    invoice = shop.invoices(sub.id)[0]
    assert [(line.amount, line.quantity) for line in invoice.lines.data] == [(126, 42), (1000, 1)]
    assert (invoice.total, preview.total) == (1126, 1126)
    start = sub.start_date // 60 * 60
    window = {"customer": sub.customer, "start_time": start, "end_time": start + 30 * DAY}
    assert [row.aggregated_value for row in v1.billing.meters.event_summaries.list(meter.id, window).data] == [42]


def test_an_identifier_counts_once(v1: Any, metered: Any) -> None:
    _, sub = metered
    use(v1, sub.customer, 40, "a")
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier a"):
        use(v1, sub.customer, 40, "a")
    assert v1.invoices.create_preview({"subscription": sub.id}).total == 1120


@pytest.mark.parametrize(("clears", "total"), [(False, 1120), (True, 1000)])
def test_usage_of_an_item_that_is_taken_away_is_owed(
    local: Any, shop: Any, v1: Any, metered: Any, clears: bool, total: int
) -> None:
    _, sub = metered
    use(v1, sub.customer, 40, "a")
    local.advance(days=1)
    item = v1.subscriptions.retrieve(sub.id)["items"].data[1].id
    v1.subscription_items.delete(item, {"clear_usage": clears})
    assert v1.invoices.create_preview({"subscription": sub.id}).total == total
    local.advance(days=30)
    assert shop.invoices(sub.id)[0].amount_paid == total


def test_the_last_invoice_of_a_subscription_that_ends_is_previewed_too(local: Any, shop: Any, v1: Any, metered: Any) -> None:
    _, sub = metered
    v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    use(v1, sub.customer, 40, "a")
    assert v1.invoices.create_preview({"subscription": sub.id}).total == 120
    local.advance(days=30)
    assert (shop.status(sub.id), shop.invoices(sub.id)[0].amount_paid) == ("canceled", 120)
    other = shop.subscription((shop.price("Other", 500), 1), customer=shop.customer(), cancel_at_period_end=True)
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.invoices.create_preview({"subscription": other.id})
    assert told.value.code == "invoice_upcoming_none"


def test_an_event_may_be_taken_back(v1: Any, metered: Any) -> None:
    _, sub = metered
    use(v1, sub.customer, 40, "a")
    v1.billing.meter_event_adjustments.create({"event_name": "runs", "type": "cancel", "cancel": {"identifier": "a"}})
    assert v1.invoices.create_preview({"subscription": sub.id}).total == 1000


@pytest.mark.parametrize(
    ("more", "code"), [({"timestamp": 1}, "timestamp_too_far_in_past"), ({"event_name": "walks"}, "no_meter")]
)
def test_events_that_cannot_count_are_refused(v1: Any, metered: Any, more: dict[str, Any], code: str) -> None:
    _, sub = metered
    with pytest.raises(stripe.InvalidRequestError) as told:
        use(v1, sub.customer, 1, "a", **more)
    assert told.value.code == code


def test_features_follow_what_is_paid_for(local: Any, shop: Any, v1: Any) -> None:
    crm = v1.entitlements.features.create({"lookup_key": "crm", "name": "CRM"})
    price = shop.price("Business", 9900)
    v1.products.features.create(v1.prices.retrieve(price).product, {"entitlement_feature": crm.id})
    sub = shop.subscription((price, 1))
    active = v1.entitlements.active_entitlements.list({"customer": sub.customer}).data
    assert [(row.lookup_key, row.feature) for row in active] == [("crm", crm.id)]
    v1.subscriptions.cancel(sub.id)
    assert v1.entitlements.active_entitlements.list({"customer": sub.customer}).data == []
    said = [
        event["data"]["object"]["entitlements"]["data"]
        for event in local.events("entitlements.active_entitlement_summary.updated")
    ]
    assert [[row["lookup_key"] for row in rows] for rows in said] == [["crm"], []]


def test_a_partner_gets_a_share_and_gives_it_back(local: Any, shop: Any, v1: Any) -> None:
    shop.subscription((shop.price("Business", 10000), 1))
    local.advance(days=2)
    assert v1.balance.retrieve().available[0].amount == 10000 - 320
    asked = {"type": "express", "email": "partner@example.com", "capabilities": {"transfers": {"requested": True}}}
    account = v1.accounts.create(asked)
    share = {"amount": 7000, "currency": "usd", "destination": account.id, "transfer_group": "2026-09"}
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.transfers.create(share)
    assert told.value.code == "insufficient_capabilities_for_transfer"
    links = {"refresh_url": "http://acme.test/again", "return_url": "http://acme.test/partner", "type": "account_onboarding"}
    link = v1.account_links.create({"account": account.id, **links})
    assert post(link.url, action="tell") == (303, "http://acme.test/partner")
    assert v1.accounts.retrieve(account.id).payouts_enabled is True
    assert [event["account"] for event in local.events("account.updated")] == [account.id]
    transfer = v1.transfers.create(share)
    theirs = {"stripe_account": account.id}
    assert v1.balance.retrieve({}, theirs).available[0].amount == 7000
    v1.transfers.reversals.create(transfer.id, {"amount": 1000})
    assert v1.balance.retrieve({}, theirs).available[0].amount == 6000
    assert v1.balance.retrieve().available[0].amount == 9680 - 6000
    payout = v1.payouts.create({"amount": 6000, "currency": "usd"}, theirs)
    assert (payout.status, v1.balance.retrieve({}, theirs).available[0].amount) == ("pending", 0)
    local.advance(days=1)
    assert v1.payouts.retrieve(payout.id, {}, theirs).status == "paid"
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.transfers.create({**share, "amount": 99999})
    assert told.value.code == "balance_insufficient"


def test_refunds_disputes_and_credit_notes(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Business", 10000), 1))
    charge = v1.charges.list({"customer": sub.customer}).data[0]
    assert v1.refunds.create({"charge": charge.id, "amount": 2500}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        v1.refunds.create({"charge": charge.id, "amount": 7501})
    v1.refunds.create({"payment_intent": charge.payment_intent})
    assert (v1.charges.retrieve(charge.id).refunded, v1.charges.retrieve(charge.id).amount_refunded) == (True, 10000)
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.refunds.create({"charge": charge.id})
    assert told.value.code == "charge_already_refunded"
    other = shop.subscription((shop.price("Seat", 500), 1), customer=shop.customer("pm_card_createDispute"))
    dispute = v1.disputes.list().data[0]
    assert (dispute.amount, dispute.status, dispute.reason) == (500, "needs_response", "fraudulent")
    note = v1.credit_notes.create({"invoice": other.latest_invoice, "amount": 200, "credit_amount": 200})
    assert (note.type, v1.customers.retrieve(other.customer).balance) == ("post_payment", -200)
    assert v1.invoices.retrieve(other.latest_invoice).post_payment_credit_notes_amount == 200


def test_a_credit_note_over_all_that_is_due_pays_an_open_invoice(shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 500), 1), customer=shop.customer("pm_card_chargeCustomerFail"))
    v1.credit_notes.create({"invoice": sub.latest_invoice, "amount": 500})
    assert (v1.invoices.retrieve(sub.latest_invoice).status, shop.status(sub.id)) == ("paid", "active")


def test_pages_say_what_metered_units_cost(shop: Any, v1: Any) -> None:
    meter = v1.billing.meters.create({"display_name": "Runs", "event_name": "runs", "default_aggregation": {"formula": "sum"}})
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    asked = {"product_data": {"name": "Runs"}, "currency": "usd", "unit_amount_decimal": "0.7", "recurring": recurring}
    runs = v1.prices.create(asked).id
    lines = [{"price": shop.price("Seat", 1000), "quantity": 1}, {"price": runs}]
    trial = {"trial_period_days": 14}
    asked = {"mode": "subscription", "line_items": lines, "success_url": "http://acme.test/done", "subscription_data": trial}
    session = v1.checkout.sessions.create(asked)
    _, page = get(session.url)
    assert "$0.007 each" in page and "0 × Runs" not in page
