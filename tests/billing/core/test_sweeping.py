"""The sweep settles whom it can: one customer beyond reach and one company that is broken keep nobody back, and Stripe is asked once."""

import random
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from billing.entitlements import sweeping
from billing.entitlements.sweeping import UNANSWERED, sweep_entitlements
from billing.events.inbox import keep_event
from billing.gateway.client import Unreachable
from billing.lifecycle import living
from billing.mirror import refreshing
from billing.models import Entitlement, Setback, StripeEvent
from billing.tasks import live, sweep
from tenants.models import Tenant
from tests.billing.core.shop import FAILS
from tests.billing.core.walks import found_company

EVENT = {
    "id": "evt_1",
    "type": "customer.subscription.updated",
    "api_version": settings.STRIPE_API_VERSION,
    "created": 1_790_000_000,
    "livemode": False,
    "data": {"object": {"id": "sub_1", "object": "subscription", "customer": "cus_1"}},
}


@pytest.fixture
def companies(shop, monkeypatch):
    """Return four customers whose time has come, in this order, and the keys that Stripe is asked about."""
    made = timezone.now() - timedelta(days=1)
    rows = [found_company(number, random.Random(number), made) for number in range(4)]
    customers = [shop.customer(row) for row in rows]
    for place, (row, customer) in enumerate(zip(rows, customers, strict=True)):
        shop.buys(customer, "starter.month.usd")
        refreshing.refresh_customer(customer=customer)
        Entitlement.objects.filter(tenant=row).update(recheck_at=made + timedelta(minutes=place))
    asked = []
    real = refreshing.read_customer
    monkeypatch.setattr(refreshing, "read_customer", lambda key: asked.append(key) or real(key))
    return [customer.stripe_id for customer in customers], asked


def silent(monkeypatch, asked, *keys):
    real = refreshing.read_customer

    def read(key):
        if key in keys:
            asked.append(key)
            raise Unreachable("no answer")
        return real(key)

    monkeypatch.setattr(refreshing, "read_customer", read)


def test_an_event_that_is_kept_knows_when_it_came(_database):
    event = keep_event(payload=EVENT, source=StripeEvent.Source.WEBHOOK)
    assert event.received_at == StripeEvent.objects.get().received_at
    assert keep_event(payload=EVENT, source=StripeEvent.Source.WEBHOOK) is None


def test_a_customer_beyond_reach_keeps_no_other_back_and_goes_to_the_end_of_the_line(companies, monkeypatch):
    keys, asked = companies
    silent(monkeypatch, asked, keys[0])
    sweep_entitlements()
    assert asked == keys
    again = Entitlement.objects.get(tenant__customer__stripe_id=keys[0])
    assert again.recheck_at > timezone.now()
    assert not Setback.objects.exists()


def test_when_stripe_is_away_few_are_asked_about_and_whoever_has_no_customer_is_settled(companies, monkeypatch):
    keys, asked = companies
    silent(monkeypatch, asked, *keys)
    found_company(9, random.Random(9), timezone.now() - timedelta(days=20))
    sweep_entitlements()
    assert asked == keys[:UNANSWERED]
    assert Entitlement.objects.get(tenant__slug="w9").access == "read_only"
    asked.clear()
    sweep_entitlements(is_away=True)
    assert asked == []


def due_to_act(keys):
    for place, key in enumerate(keys):
        at = timezone.now() - timedelta(hours=1, minutes=-place)
        Entitlement.objects.filter(tenant__customer__stripe_id=key).update(act_at=at)
    Entitlement.objects.exclude(tenant__customer__stripe_id__in=keys).update(act_at=None)


def acts_at(key):
    return Entitlement.objects.get(tenant__customer__stripe_id=key).act_at


def test_a_customer_beyond_reach_keeps_nobody_from_what_time_brings(companies, monkeypatch, time_machine):
    time_machine.move_to(timezone.now() + timedelta(minutes=10))  # what was asked before is no answer any more
    keys, asked = companies
    silent(monkeypatch, asked, keys[0])
    due_to_act(keys)
    lived = []
    real = living._live
    monkeypatch.setattr(living, "_live", lambda row, now: lived.append(row.tenant.customer.stripe_id) or real(row, now))
    living.act_by_time()
    assert (asked, lived) == (keys, keys[1:])
    assert timezone.now() < acts_at(keys[0]) <= timezone.now() + living.SOON


def test_when_stripe_is_away_those_who_have_paid_wait_and_the_log_says_so(companies, monkeypatch, time_machine, caplog):
    time_machine.move_to(timezone.now() + timedelta(minutes=10))
    keys, asked = companies
    silent(monkeypatch, asked, *keys)
    due_to_act(keys)
    living.act_by_time()
    assert asked == keys[: living.UNANSWERED]
    assert "Stripe is away" in caplog.text
    assert acts_at(keys[3]) < timezone.now()  # the first to be asked about next time
    asked.clear()
    living.act_by_time()
    assert asked == keys[3:]


def test_a_broken_company_without_a_row_is_tried_again_later_and_not_in_every_sweep(_database, monkeypatch, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    Tenant.objects.all().update(created_at=timezone.now())
    broken = found_company(1, random.Random(1), timezone.now() - timedelta(days=20))
    tried = []
    real = sweeping.settle_entitlement

    def settle(*, tenant, now):
        tried.append(tenant.slug)
        raise ValueError("it is broken")

    monkeypatch.setattr(sweeping, "settle_entitlement", settle)
    sweep_entitlements()
    sweep_entitlements()
    assert tried == [broken.slug]
    kept = Setback.objects.get()
    assert (kept.tenant, kept.why, kept.attempts, kept.again_at) == (
        broken, "ValueError: it is broken", 1, timezone.now() + sweeping.LATER,
    )  # fmt: skip
    time_machine.shift(sweeping.LATER)
    sweep_entitlements()
    assert (tried, Setback.objects.get().attempts) == ([broken.slug] * 2, 2)
    monkeypatch.setattr(sweeping, "settle_entitlement", real)
    time_machine.shift(sweeping.LATER)
    sweep_entitlements()
    assert (Setback.objects.count(), Entitlement.objects.get(tenant=broken).access) == (0, "read_only")


def test_the_sweep_and_what_acts_by_time_ask_about_a_customer_once(shop, tenant, time_machine, monkeypatch):
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    shop.pays_with(customer, FAILS)
    shop.stripe.advance(days=31, seconds=7200)
    (invoice, *_rest) = shop.v1.invoices.list({"customer": customer.stripe_id}).data
    failed = invoice.status_transitions.finalized_at
    time_machine.move_to(failed, tick=False)
    shop.works()
    live()
    asked = []
    real = refreshing.read_customer
    monkeypatch.setattr(refreshing, "read_customer", lambda key: asked.append(key) or real(key))
    for days in (7, 18, 21):
        time_machine.move_to(failed + days * 86400 + 60, tick=False)
        asked.clear()
        sweep()
        live()
        live()
        assert asked == [customer.stripe_id], days
    assert Tenant.objects.get(pk=tenant.pk).state == "suspended"


def test_what_stripe_said_a_while_ago_is_asked_again_before_time_counts(shop, tenant, time_machine, monkeypatch):
    time_machine.move_to(timezone.now(), tick=False)
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    asked = []
    real = living.refresh_customer
    monkeypatch.setattr(living, "refresh_customer", lambda **it: asked.append(it["customer"].pk) or real(**it))
    Entitlement.objects.filter(tenant=tenant).update(act_at=timezone.now())
    time_machine.shift(living.FRESH + timedelta(seconds=1))
    live()
    assert asked == [customer.pk]
