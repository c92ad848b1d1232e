"""An event leads to what Stripe says now; what must have no effect is put aside with its reason."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from tessera.errors import Refused

from billing.events import processing
from billing.events.processing import MOST_ATTEMPTS, process_event
from billing.events.quarantine import release_event
from billing.gateway.client import Unreachable
from billing.mirror import refreshing
from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, Entitlement, Invoice, StripeEvent, Subscription
from billing.tasks import sweep
from tenants.models import Tenant
from tests.billing.core.shop import FAILS, entitled, states

EXTRA = {"library", "lending"}  # free: no product gives them
STARTER = {"base", "crm", "sales", "orders", "service", "workflow", *EXTRA}


def kept(customer):
    return {each.stripe_id: each.status for each in customer.subscriptions.all()}


def test_who_buys_may_use_it_as_soon_as_stripe_says_so(shop, tenant):
    customer = shop.customer(tenant)
    bought = shop.buys(customer, "starter.month.usd", "seat.starter.month.usd")
    shop.works()
    assert kept(customer) == {bought.id: "active"}
    subscription = customer.subscriptions.get()
    assert sorted((each.product, each.quantity) for each in subscription.items.all()) == [
        ("plan.starter", 1),
        ("seat.starter", 1),
    ]
    assert (subscription.currency, subscription.unpaid_since) == ("USD", None)
    invoice = Invoice.objects.get(customer=customer)
    assert (invoice.status, invoice.subscription, invoice.remaining, invoice.unpaid_since) == ("paid", bought.id, 0, None)
    row = entitled(tenant)
    assert (row.access, set(row.modules), row.notice, row.version) == ("full", STARTER, "", 1)
    assert set(states().values()) == {"done"}


def test_the_same_news_in_any_number_and_order_changes_nothing_more(shop, tenant):
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    events = shop.fresh()
    assert set(shop.tell(*events[::-1], *events, *events)) == {200}
    sweep()
    assert (StripeEvent.objects.count(), entitled(tenant).version) == (len(events), 1)
    row = entitled(tenant)
    refresh_customer(customer=customer)
    assert entitled(tenant).version == row.version == 1


def test_an_old_event_after_a_newer_one_does_not_bring_the_old_state_back(shop, tenant):
    customer = shop.customer(tenant)
    bought = shop.buys(customer, "starter.month.usd")
    early = shop.fresh()
    shop.v1.subscriptions.cancel(bought.id)
    shop.works()
    assert (kept(customer), entitled(tenant).access) == ({bought.id: "canceled"}, "read_only")
    shop.tell(*early)
    sweep()
    assert (kept(customer), entitled(tenant).access) == ({bought.id: "canceled"}, "read_only")


def test_one_asking_covers_all_events_that_came_before_it(shop, tenant, monkeypatch):
    asked = []
    real = refreshing.read_customer
    monkeypatch.setattr(refreshing, "read_customer", lambda key: asked.append(key) or real(key))
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    assert (asked, StripeEvent.objects.count() > 3) == ([customer.stripe_id], True)
    shop.v1.customers.update(customer.stripe_id, {"description": "news"})
    shop.works()
    assert len(asked) == 2


def test_an_answer_to_an_older_asking_is_dropped(shop, tenant, monkeypatch):
    """While one process waits for its answer, the subscription ends and another one asks, is answered and keeps it."""
    customer = shop.customer(tenant)
    bought = shop.buys(customer, "starter.month.usd")
    real = refreshing.read_customer

    def slow(key):
        stale = real(key)
        monkeypatch.setattr(refreshing, "read_customer", real)
        shop.v1.subscriptions.cancel(bought.id)
        refresh_customer(customer=customer)
        return stale

    monkeypatch.setattr(refreshing, "read_customer", slow)
    assert refresh_customer(customer=customer) == []
    assert kept(customer) == {bought.id: "canceled"}
    customer.refresh_from_db()
    assert (customer.asked, customer.folded) == (2, 2)


def test_a_failed_payment_goes_by_the_days_and_heals_with_the_payment(shop, tenant, time_machine):
    customer = shop.customer(tenant)
    bought = shop.buys(customer, "starter.month.usd")
    shop.pays_with(customer, FAILS)
    shop.stripe.advance(days=31, seconds=7200)
    invoice = shop.v1.invoices.list({"customer": customer.stripe_id}).data[0]
    failed = invoice.status_transitions.finalized_at
    time_machine.move_to(failed, tick=False)
    shop.works()
    assert kept(customer) == {bought.id: "past_due"}
    assert customer.subscriptions.get().unpaid_since.timestamp() == failed
    seen = {}
    for days in (0, 1, 6, 7, 20):
        time_machine.move_to(failed + days * 86400, tick=False)
        sweep()
        row = entitled(tenant)
        seen[days] = (row.access, row.notice)
    assert seen == {
        0: ("full", ""),
        1: ("full", "payment_failed"),
        6: ("full", "payment_failed"),
        7: ("read_only", "payment_failed"),
        20: ("read_only", "payment_failed"),
    }
    time_machine.move_to(failed + 21 * 86400, tick=False)
    sweep()
    assert (entitled(tenant).access, Tenant.objects.get(pk=tenant.pk).state) == ("suspended", "suspended")
    shop.pays_with(customer, "pm_card_visa")
    shop.v1.invoices.pay(invoice.id)
    shop.works()
    assert (entitled(tenant).access, entitled(tenant).notice) == ("full", "")
    assert (Tenant.objects.get(pk=tenant.pk).state, entitled(tenant).is_withheld) == ("active", False)


def test_two_subscriptions_of_one_checkout_become_one(shop, tenant):
    customer = shop.customer(tenant)
    first = shop.buys(customer, "starter.month.usd", checkout="intent-1")
    shop.stripe.advance(1)
    second = shop.buys(customer, "starter.month.usd", checkout="intent-1")
    other = shop.buys(customer, "module.stock.month.usd", checkout="intent-2")
    shop.works()
    assert kept(customer) == {first.id: "active", second.id: "canceled", other.id: "active"}
    assert shop.v1.subscriptions.retrieve(second.id).status == "canceled"
    assert set(entitled(tenant).modules) == {*STARTER, "stock"}
    assert refresh_customer(customer=customer) == []


def test_of_two_of_one_checkout_the_one_that_was_paid_stays(shop, tenant):
    customer = shop.customer(tenant, FAILS)
    unpaid = shop.buys(customer, "starter.month.usd", checkout="intent-1")
    shop.pays_with(customer, "pm_card_visa")
    paid = shop.buys(customer, "starter.month.usd", checkout="intent-1")
    shop.works()
    found = kept(customer)
    assert (found.pop(paid.id), found.pop(unpaid.id) in Subscription.OVER, found) == ("active", True, {})


def quarantined():
    return {event.event_id: event.why for event in StripeEvent.objects.filter(state="quarantined")}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"livemode": True}, "it is of the other mode"),
        ({"api_version": "2020-08-27"}, "it speaks the version 2020-08-27, not 2026-10-28.endive"),
        ({"api_version": None}, "it speaks the version none, not 2026-10-28.endive"),
    ],
)
def test_what_is_not_for_us_is_put_aside_without_effect(shop, tenant, change, why):
    customer = shop.customer(tenant)
    shop.fresh()
    shop.buys(customer, "starter.month.usd")
    events = [event | change for event in shop.fresh()]
    shop.tell(*events)
    sweep()
    assert set(quarantined().values()) == {why}
    assert len(quarantined()) == len(events)
    assert not Entitlement.objects.exists()
    assert not Subscription.objects.exists()


def test_an_event_of_nobodys_customer_is_put_aside(shop, tenant):
    strange = shop.v1.customers.create({"email": "eve@example.com"})
    shop.works()
    assert set(quarantined().values()) == {f"there is no customer {strange.id}"}


def test_while_a_customer_is_being_made_its_events_wait(shop, tenant, other_tenant):
    Customer.objects.create(tenant=other_tenant, livemode=False, name="B", email="bob@b.example")
    made = shop.v1.customers.create({"email": "bob@b.example", "metadata": {"tenant": str(other_tenant.pk)}})
    shop.works()
    event = StripeEvent.objects.get()
    assert (event.state, event.attempts, event.why) == ("received", 1, f"NotYet: there is no customer {made.id}, or not yet")
    Customer.objects.filter(tenant=other_tenant).update(stripe_id=made.id)
    StripeEvent.objects.update(due_at=timezone.now())
    sweep()
    assert StripeEvent.objects.get().state == "done"


def test_a_customer_that_stripe_says_is_another_tenants_has_no_effect(shop, tenant, other_tenant):
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    shop.v1.customers.update(customer.stripe_id, {"metadata": {"tenant": str(other_tenant.pk)}})
    shop.works()
    assert f"it says that it is of the tenant {other_tenant.pk}, but {customer.stripe_id} is not" in quarantined().values()
    assert f"Stripe says that {customer.stripe_id} is of the tenant {other_tenant.pk}" in quarantined().values()
    assert not Entitlement.objects.exists()


def test_what_concerns_one_tenant_touches_no_other(shop, tenant, other_tenant):
    ours, theirs = shop.customer(tenant), shop.customer(other_tenant)
    shop.buys(theirs, "business.month.usd")
    shop.works()
    before = Entitlement.objects.filter(tenant=other_tenant).values().get()
    shop.buys(ours, "starter.month.usd")
    shop.works()
    shop.v1.subscriptions.cancel(ours.subscriptions.get().stripe_id)
    shop.works()
    assert Entitlement.objects.filter(tenant=other_tenant).values().get() == before
    assert entitled(tenant).access == "read_only"


def test_an_event_of_no_customer_is_done_at_once(shop, tenant):
    shop.v1.products.create({"name": "A thing"})
    shop.works()
    assert states() == {"product.created": "done"}


def test_while_stripe_does_not_answer_everything_waits(shop, tenant):
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    events = shop.fresh()
    shop.tell(*events)
    shop.stripe.faults(outage="503")
    first = StripeEvent.objects.order_by("received_at").first()
    with pytest.raises(Unreachable):
        process_event(event=first)
    first.refresh_from_db()
    assert (first.state, first.attempts, first.due_at > timezone.now()) == ("received", 1, True)
    sweep()
    assert set(states().values()) == {"received"}
    shop.stripe.faults()
    StripeEvent.objects.update(due_at=timezone.now())
    sweep()
    assert set(states().values()) == {"done"}
    assert set(entitled(tenant).modules) == STARTER


def test_who_has_paid_is_not_locked_out_while_stripe_is_away(shop, tenant, time_machine):
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    shop.stripe.faults(outage="503")
    start = timezone.now()
    for days in (29, 31, 34, 45, 90):
        time_machine.move_to(start + timedelta(days=days), tick=False)
        sweep()
        assert (entitled(tenant).access, Tenant.objects.get(pk=tenant.pk).state) == ("full", "active")


def test_what_fails_here_is_tried_again_and_then_put_aside(shop, tenant, monkeypatch):
    shop.customer(tenant)
    (event,) = shop.fresh()[:1]
    shop.tell(event)

    def broken(**arguments):
        raise ZeroDivisionError("a defect")

    with monkeypatch.context() as defect:
        defect.setattr(processing, "refresh_customer", broken)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            row = StripeEvent.objects.get()
            assert (row.state, row.attempts) == ("received", attempt - 1)
            StripeEvent.objects.update(due_at=timezone.now())
            process_event(event=StripeEvent.objects.get())
    assert quarantined() == {event["id"]: "ZeroDivisionError: a defect"}
    release_event(event_id=event["id"])
    process_event(event=StripeEvent.objects.get())
    assert (StripeEvent.objects.get().state, StripeEvent.objects.get().why) == ("done", "")


def test_an_event_is_taken_up_by_one_process_at_a_time(shop, tenant, monkeypatch):
    shop.customer(tenant)
    shop.tell(*shop.fresh()[:1])
    event = StripeEvent.objects.get()
    assert processing._take(StripeEvent.objects.get())
    assert not processing._take(StripeEvent.objects.get())
    process_event(event=event)
    assert StripeEvent.objects.get().state == "received"


def test_a_dispute_is_told_of_until_it_is_decided(shop, tenant):
    customer = shop.customer(tenant, "pm_card_createDispute")
    shop.buys(customer, "starter.month.usd")
    shop.works()
    assert (entitled(tenant).access, entitled(tenant).notice) == ("full", "disputed")
    dispute = shop.v1.disputes.list().data[0]
    shop.v1.disputes.close(dispute.id)
    shop.works()
    assert (customer.disputes.get().status, entitled(tenant).notice) == ("lost", "")


def test_the_quarantine_is_listed_and_released_by_the_command_line(shop, tenant, capsys):
    strange = shop.v1.customers.create({"email": "eve@example.com"})
    shop.works()
    (event,) = quarantined()
    call_command("billing", "quarantine", "list")
    assert capsys.readouterr().out == (
        f"{event}  customer.created  {strange.id}  there is no customer {strange.id}\n1 events in quarantine\n"
    )
    call_command("billing", "quarantine", "release", event)
    assert capsys.readouterr().out == f"{event} is processed again\n"
    assert states() == {"customer.created": "received"}
    with pytest.raises(CommandError, match="evt_nothing"):
        call_command("billing", "quarantine", "release", "evt_nothing")
    with pytest.raises(Refused):
        release_event(event_id=event)
