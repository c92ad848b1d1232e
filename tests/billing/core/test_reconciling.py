"""What no webhook told is found by comparing, healed, and said."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import Customer, Dispute, StripeEvent
from billing.tasks import reconcile
from tests.billing.core.shop import entitled


def gaps():
    return [str(gap) for gap in reconcile_with_stripe()]


def lose(shop):
    """Let Stripe fail to deliver all that happened since."""
    for event in shop.fresh():
        shop.stripe.local.store.kinds["event"][event["id"]]["_failed"] = True


def test_nothing_differs_where_everything_arrived(shop, tenant):
    shop.buys(shop.customer(tenant), "starter.month.usd")
    shop.works()
    assert gaps() == []


def test_a_purchase_that_no_event_told_of_is_found_and_given(shop, tenant):
    bought = shop.buys(shop.customer(tenant), "starter.month.usd")
    shop.fresh()
    customer = Customer.objects.get()
    assert gaps() == [f"{customer}: {bought.id} was not known: active"]
    assert "crm" in entitled(tenant).modules
    assert gaps() == []


def test_events_that_stripe_could_not_deliver_are_fetched_once(shop, tenant):
    customer = shop.customer(tenant)
    shop.fresh()
    bought = shop.buys(customer, "starter.month.usd")
    lose(shop)
    told = gaps()
    assert all(said.endswith("had not arrived") for said in told)
    assert StripeEvent.objects.filter(type="customer.subscription.created", source="reconciler", state="done").exists()
    assert [each.stripe_id for each in customer.subscriptions.all()] == [bought.id]
    assert gaps() == []


def test_changes_that_no_event_told_of_are_named(shop, tenant):
    customer = shop.customer(tenant)
    first = shop.buys(customer, "starter.month.usd")
    second = shop.buys(customer, "module.stock.month.usd")
    shop.works()
    shop.v1.subscriptions.cancel(first.id)
    shop.v1.subscriptions.update(second.id, {"cancel_at_period_end": True})
    shop.fresh()
    assert sorted(gaps()) == sorted(
        [f"{customer}: {first.id} was active: canceled", f"{customer}: {second.id} was known otherwise"]
    )
    assert "crm" not in entitled(tenant).modules
    assert entitled(tenant).notice == "cancels"


def test_a_dispute_that_no_event_told_of_is_found(shop, tenant):
    customer = shop.customer(tenant, "pm_card_createDispute")
    shop.buys(customer, "starter.month.usd")
    shop.fresh()
    found = shop.v1.disputes.list().data[0]
    assert f"{customer}: the dispute {found.id} was not known: needs_response" in gaps()
    assert (Dispute.objects.get().is_open, entitled(tenant).notice) == (True, "disputed")
    assert gaps() == []


def test_one_customer_that_cannot_be_compared_keeps_no_other_back(shop, tenant, other_tenant):
    broken, sound = shop.customer(tenant), shop.customer(other_tenant)
    shop.v1.customers.update(broken.stripe_id, {"metadata": {"tenant": "somebody"}})
    bought = shop.buys(sound, "starter.month.usd")
    shop.fresh()
    assert gaps()[:2] == [
        f"{broken}: Quarantined: Stripe says that {broken} is of the tenant somebody",
        f"{sound}: {bought.id} was not known: active",
    ]
    assert "crm" in entitled(other_tenant).modules


def test_a_customer_that_only_stripe_knows_is_named(shop, tenant):
    lost = shop.v1.customers.create({"email": "ada@example.com", "metadata": {"tenant": str(tenant.pk)}})
    shop.v1.customers.create({"email": "eve@example.com"})
    assert gaps() == [f"{lost.id}: Stripe has it for the tenant {tenant.pk}, here is none"]


def test_a_customer_that_was_deleted_there_has_nothing_any_more(shop, tenant):
    customer = shop.customer(tenant)
    bought = shop.buys(customer, "starter.month.usd")
    shop.works()
    shop.v1.customers.delete(customer.stripe_id)
    shop.fresh()
    assert gaps() == [f"{customer}: {bought.id} was active: canceled"]
    assert entitled(tenant).access == "read_only"


def test_while_stripe_is_away_nothing_is_compared_and_nothing_lost(shop, tenant, capsys, time_machine):
    shop.buys(shop.customer(tenant), "starter.month.usd")
    shop.works()
    before = entitled(tenant).version
    shop.stripe.faults(outage="503")
    time_machine.move_to(timezone.now() + timedelta(days=1))
    reconcile()
    with pytest.raises(CommandError, match="does not answer"):
        call_command("billing", "reconcile")
    assert (entitled(tenant).version, entitled(tenant).access) == (before, "full")


def test_the_command_names_each_gap(shop, tenant, capsys):
    bought = shop.buys(shop.customer(tenant), "starter.month.usd")
    shop.fresh()
    call_command("billing", "reconcile")
    assert capsys.readouterr().out == f"{Customer.objects.get()}: {bought.id} was not known: active\n1 gaps\n"
