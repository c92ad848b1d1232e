"""Who pays what was given up on is let in again: Stripe draws up later invoices then, and asks for none of them."""

from datetime import UTC, datetime

from billing.gateway.reading import read_customer
from billing.mirror.refreshing import held_back, refresh_customer
from tests.billing.core.shop import entitled
from tests.billing.core.test_processing import FAILS, kept


def given_up_on(shop, customer, time_machine):
    """Let payments fail until Stripe has given up and drawn up the next month; return the subscription and its open invoice."""
    bought = shop.buys(customer, "starter.month.usd")
    shop.pays_with(customer, FAILS)
    shop.stripe.advance(days=31, seconds=7200)
    owed = shop.v1.invoices.list({"customer": customer.stripe_id}).data[0]
    for _ in range(4):
        shop.stripe.advance(days=10)
    now = shop.v1.invoices.list({"customer": customer.stripe_id}).data[0].created
    time_machine.move_to(datetime.fromtimestamp(now, UTC), tick=False)
    shop.works()
    assert kept(customer) == {bought.id: "unpaid"}
    return bought, owed


def states(shop, customer):
    return [each.status for each in shop.v1.invoices.list({"customer": customer.stripe_id}).data]


def test_a_draft_waits_while_something_is_open(shop, tenant, time_machine):
    customer = shop.customer(tenant)
    given_up_on(shop, customer, time_machine)
    refresh_customer(customer=customer)
    assert states(shop, customer) == ["draft", "open", "paid"]


def test_who_pays_what_is_open_is_asked_for_the_running_month_and_let_in_again(shop, tenant, time_machine):
    customer = shop.customer(tenant)
    bought, owed = given_up_on(shop, customer, time_machine)
    shop.pays_with(customer, "pm_card_visa")
    shop.v1.invoices.pay(owed.id)
    shop.works()
    assert states(shop, customer) == ["paid", "paid", "paid"]
    assert kept(customer) == {bought.id: "active"}
    assert (entitled(tenant).access, entitled(tenant).notice) == ("full", "")


def test_where_the_running_month_cannot_be_collected_it_is_open_to_be_paid(shop, tenant, time_machine):
    customer = shop.customer(tenant)
    bought, owed = given_up_on(shop, customer, time_machine)
    shop.v1.invoices.pay(owed.id, {"paid_out_of_band": True})
    shop.works()
    assert states(shop, customer) == ["open", "paid", "paid"]
    assert kept(customer) == {bought.id: "unpaid"}
    assert held_back(read_customer(customer.stripe_id)) == []
