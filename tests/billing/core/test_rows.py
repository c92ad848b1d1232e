"""What the database itself refuses, and how a tenant comes by its one customer."""

import pytest
import stripe
from django.conf import settings as configured
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.checks import check_stripe
from billing.gateway.client import is_live
from billing.mirror.customers import open_customer
from billing.models import Customer, Entitlement, Invoice, ModuleGrant, StripeEvent, Subscription, TrialExtension


def refused(name, make):
    """Expect the constraint of a name to refuse what is made."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic(using="shared"):
        make()


@pytest.fixture
def customer(tenant):
    return Customer.objects.create(tenant=tenant, stripe_id="cus_1", livemode=False, name="A", email="ada@a.example")


def subscription(customer, key, **values):
    given = {"status": "active", "currency": "USD", "created": timezone.now(), **values}
    return Subscription.objects.create(customer=customer, stripe_id=key, **given)


def test_one_checkout_has_one_subscription_that_goes_on(customer):
    subscription(customer, "sub_1", checkout="a")
    subscription(customer, "sub_2", checkout="a", status="canceled", ended_at=timezone.now())
    subscription(customer, "sub_3", checkout="a", status="incomplete_expired")
    subscription(customer, "sub_4")
    subscription(customer, "sub_5")
    for status in ("active", "incomplete", "paused"):
        refused("one_a_checkout", lambda status=status: subscription(customer, "sub_6", checkout="a", status=status))


def test_a_subscription_has_a_known_status_and_an_end_when_it_ended(customer):
    refused("billing_subscription_status", lambda: subscription(customer, "sub_1", status="dreaming"))
    refused("billing_subscription_end", lambda: subscription(customer, "sub_1", status="canceled"))
    subscription(customer, "sub_1")
    refused("stripe_id", lambda: subscription(customer, "sub_1"))


def test_a_customer_is_stripes_and_folds_only_what_it_asked(customer, other_tenant):
    rows = Customer.objects.filter(pk=customer.pk)
    refused("billing_customer_key", lambda: rows.update(stripe_id="sub_1"))
    now = timezone.now()
    refused("billing_customer_folded_was_asked", lambda: rows.update(folded=1, folded_at=now, known_at=now))
    refused("billing_customer_folded_has_its_moment", lambda: rows.update(asked=1, folded=1))
    refused("tenant_id", lambda: Customer.objects.create(tenant=customer.tenant, livemode=False, name="A", email="a@a.example"))
    refused(
        "stripe_id",
        lambda: Customer.objects.create(tenant=other_tenant, stripe_id="cus_1", livemode=False, name="B", email="b@b.example"),
    )


def test_an_event_is_there_once_and_says_why_it_is_put_aside():
    def event(key="evt_1", **values):
        given = {"type": "ping", "livemode": False, "payload": {}, "created": timezone.now(), **values}
        return StripeEvent.objects.create(event_id=key, **given)

    event()
    refused("event_id", event)
    refused("billing_event_key", lambda: event("sub_1"))
    refused("billing_event_quarantine_says_why", lambda: event("evt_2", state="quarantined"))
    refused("billing_event_state", lambda: event("evt_2", state="done"))
    refused("billing_event_state", lambda: event("evt_2", done_at=timezone.now()))
    refused("billing_event_state", lambda: event("evt_2", state="lost"))


@pytest.fixture(autouse=True)
def database(_database):
    """Have a database."""


def test_only_what_is_open_is_unpaid(customer):
    def invoice(**values):
        amounts = {"total": 10, "remaining": 10, "currency": "USD", "created": timezone.now()}
        return Invoice.objects.create(customer=customer, stripe_id="in_1", **amounts, **values)

    refused("billing_invoice_status", lambda: invoice(status="lost"))
    refused("billing_invoice_unpaid_is_open", lambda: invoice(status="paid", unpaid_since=timezone.now()))
    invoice(status="uncollectible", unpaid_since=timezone.now())


def test_what_an_operator_gives_says_why(tenant):
    refused("billing_grant_says_why", lambda: ModuleGrant.objects.create(tenant=tenant, module="crm", given_by="Olga"))
    refused(
        "billing_extension_says_why",
        lambda: TrialExtension.objects.create(tenant=tenant, until=timezone.now(), given_by="Olga"),
    )


def test_billing_withholds_only_what_is_suspended(tenant):
    def entitlement(**values):
        given = {"modules": [], "bought": [], "quotas": {}, "trace": [], "catalogue": 1, "changed_at": timezone.now()}
        return Entitlement.objects.create(tenant=tenant, **given, **values)

    refused("billing_entitlement_access", lambda: entitlement(access="some"))
    refused("billing_entitlement_withheld", lambda: entitlement(access="full", is_withheld=True))
    entitlement(access="suspended", is_withheld=True)


def test_a_tenant_has_one_customer_however_often_it_is_opened(shop, tenant):
    first = open_customer(tenant=tenant, email="ada@a.example")
    again = open_customer(tenant=tenant, email="bob@a.example")
    assert first == again
    (there,) = shop.v1.customers.list().data
    assert (there.id, there.email, there.metadata["tenant"]) == (first.stripe_id, "ada@a.example", str(tenant.pk))


def test_one_that_was_made_and_not_kept_is_found_again(shop, tenant):
    """A kill between Stripe's answer and its row: the next call has the same idempotency key and says the same."""
    made = open_customer(tenant=tenant, email="ada@a.example")
    Customer.objects.update(stripe_id=None)
    assert open_customer(tenant=tenant, email="bob@a.example").stripe_id == made.stripe_id
    assert len(shop.v1.customers.list().data) == 1


def test_the_version_that_is_spoken_is_the_sdks():
    assert stripe.api_version == configured.STRIPE_API_VERSION


def test_a_key_without_the_secret_of_events_is_refused(settings):
    assert check_stripe() == []
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert [error.id for error in check_stripe()] == ["billing.E100"]
    settings.STRIPE_API_KEY = ""
    assert check_stripe() == []


@pytest.mark.parametrize(("key", "live"), [("sk_test_x", False), ("rk_test_x", False), ("sk_live_x", True), ("rk_live_x", True)])
def test_the_key_says_whether_money_moves(settings, key, live):
    settings.STRIPE_API_KEY = key
    assert is_live() is live
