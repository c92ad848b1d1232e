"""What a company does at Stripe, and what Stripe then tells us: people pay, fail to, change and leave; events are sent by hand."""

import json
import time
from itertools import takewhile
from typing import Any

import stripe
from django.conf import settings
from django.test import Client
from stripe import WebhookSignature

from billing.local_stripe.testing import LocalStripe
from billing.mirror.customers import open_customer
from billing.models import Customer, Entitlement, StripeEvent
from billing.tasks import sweep
from tenants.models import Installation, Tenant

FAILS = "pm_card_chargeCustomerFail"


class Shop:
    """A local Stripe as one test uses it."""

    def __init__(self, local: LocalStripe) -> None:
        self.stripe = local
        self.v1 = local.client.v1
        self.told = ""  # the last event that was sent

    def customer(self, tenant: Tenant, card: str = "pm_card_visa") -> Customer:
        """Return the tenant's customer, who pays with a card."""
        customer = open_customer(tenant=tenant, email=f"ada@{tenant.slug}.example")
        self.pays_with(customer, card)
        return customer

    def pays_with(self, customer: Customer, card: str) -> None:
        method = self.v1.payment_methods.attach(card, {"customer": customer.stripe_id})
        self.v1.customers.update(customer.stripe_id, {"invoice_settings": {"default_payment_method": method.id}})

    def price(self, key: str) -> str:
        return self.v1.prices.list({"lookup_keys": [key]}).data[0].id

    def buys(self, customer: Customer, *keys: str, checkout: str = "", **params: Any) -> stripe.Subscription:
        """Subscribe to prices by their lookup keys."""
        asked = {"customer": customer.stripe_id, "items": [{"price": self.price(key)} for key in keys], **params}
        if checkout:
            asked["metadata"] = {"checkout": checkout}
        return self.v1.subscriptions.create(asked)

    def fresh(self) -> list[dict[str, Any]]:
        """Return the events that happened since this was asked last, as Stripe sends them."""
        newest_first = self.v1.events.list({"limit": 100}).auto_paging_iter()
        new = [each.to_dict(for_json=True) for each in takewhile(lambda each: each.id != self.told, newest_first)][::-1]
        if new:
            self.told = new[-1]["id"]
        return new

    def tell(self, *events: dict[str, Any], **signing: Any) -> list[int]:
        """Send events, by default those that are new; return how each was answered."""
        return [post(each, **signing).status_code for each in events or self.fresh()]

    def works(self) -> None:
        """Send what is new, and let the clock process it."""
        assert set(self.tell()) <= {200}
        sweep()


def post(event: Any, *, secret: str = "", at: int | None = None, header: str | None = None, host: str = "") -> Any:
    """Send an event, or any bytes, to the webhook, signed unless told otherwise."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    if header is None:
        text = body.decode("utf-8", "surrogateescape")
        header = WebhookSignature.generate_signature_header(
            text, secret or settings.STRIPE_WEBHOOK_SECRET, at or int(time.time())
        )
    client = Client(HTTP_HOST=host or settings.BASE_DOMAIN)
    return client.post("/stripe/webhook", body, content_type="application/json", headers={"Stripe-Signature": header})


def states() -> dict[str, str]:
    """Return the state of each event of the inbox, by its type."""
    return {event.type: event.state for event in StripeEvent.objects.order_by("received_at")}


def wished(tenant: Tenant) -> dict[str, str]:
    """Return the modules of a tenant with their states, without those that are on."""
    return dict(Installation.objects.filter(tenant=tenant).exclude(state="on").values_list("module", "state"))


def entitled(tenant: Tenant) -> Entitlement:
    return Entitlement.objects.get(tenant=tenant)
