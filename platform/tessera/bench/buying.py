"""From Stripe's word that a checkout was paid to a module that answers: event, question to Stripe, wish, tables, query."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.test import Client, override_settings
from stripe import WebhookSignature

from billing.catalogue.offers import Interval
from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.events.inbox import receive_event
from billing.local_stripe.testing import KEY, SECRET, LocalStripe, running
from billing.models import Checkout, Customer, Dispute, Instruction, Invoice, StripeEvent, Subscription
from billing.services.checkout import open_checkout
from billing.tasks import process_one
from tenants.models import Tenant
from tenants.tasks import finish_switching
from tessera.bench.enabling import batch_of
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, inside, owner_of, raw, token_of

MODULE = "finance"
USES = "{ accounts { totalCount } }"
TURNS, WARM = 20, 1


class Sale:
    """A company that has paid on Stripe's page, of which nobody here has heard yet."""

    def __init__(self, stage: Stage, stripe: LocalStripe) -> None:
        self.tenant: Tenant = stage.tenant()
        owner = owner_of(self.tenant)
        secret = token_of(self.tenant, owner)
        self.client = Client(HTTP_HOST=f"{self.tenant.slug}.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {secret}")
        with inside(self.tenant, owner):
            page = open_checkout(plan="plan.custom", interval=Interval.MONTH, currency="USD", additions=[f"module.{MODULE}"])
        session = Checkout.objects.get(pk=page.checkout).session
        known = {event["id"] for event in stripe.events()}
        stripe.pay(str(session))
        news = {event["id"] for event in stripe.events()} - known
        self.events = [stripe.client.v1.events.retrieve(key).to_dict(for_json=True) for key in sorted(news)]

    def becomes_usable(self) -> None:
        """Take the events in, do what follows, and ask the module a question."""
        for event in self.events:
            body = json.dumps(event)
            kept = receive_event(body=body.encode(), signature=WebhookSignature.generate_signature_header(body, SECRET, _now()))
            if kept is not None:
                process_one(event=str(kept.pk))
        finish_switching(tenant_id=str(self.tenant.pk))
        answer = self.client.post("/graphql", json.dumps({"query": USES}), content_type="application/json").json()
        if "errors" in answer:
            raise AssertionError(f"{MODULE} cannot be used: {answer['errors']}")


def _now() -> int:
    return int(time.time())


def run(stage: Stage) -> Measured:
    """Hear of a payment and switch on what was bought; the floor runs the DDL of the same modules as one batch."""
    with running(deliver=False) as stripe:
        stripe.local.store.path = None
        billing = {"STRIPE_API_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET, "STRIPE_API_BASE": stripe.url}
        with override_settings(**billing):
            stage.tell("bringing the catalogue to a local Stripe")
            sync_catalogue(client=stripe.client, catalogue=catalogue())
            stage.tell(f"{TURNS + WARM} companies pay")
            sales = [Sale(stage, stripe) for _ in range(TURNS + WARM)]
            theirs = [stage.tenant() for _ in range(TURNS + WARM)]
            measured = _measured(sales, theirs)
    p95 = statistics.quantiles(measured.product, n=20)[-1] if len(measured.product) > 1 else measured.product[0]
    stage.tell(f"p95 {p95 * 1000:.0f} ms from Stripe's word to the module's answer")
    return measured


def _measured(sales: list[Sale], theirs: list[Tenant]) -> Measured:
    batch = batch_of((MODULE,))
    with raw("public") as own:
        own.execute(f"SET ROLE {settings.TESSERA_OWNER_ROLE}")

        def replay() -> None:
            own.execute(f'SET search_path = "{theirs.pop().schema_name}", ext')
            own.execute(batch, prepare=False)

        return in_turns(_of(sales), replay, turns=TURNS, warm=WARM)


def _of(sales: list[Sale]) -> Callable[[], Any]:
    return lambda: sales.pop().becomes_usable()


def forget_customers(mark: str) -> None:
    """Delete what billing knows of the tenants whose slugs begin with a mark, so that they can be deleted."""
    ours = Customer.objects.filter(tenant__slug__startswith=mark)
    StripeEvent.objects.filter(customer__in=list(ours.values_list("stripe_id", flat=True))).delete()
    for model in (Checkout, Instruction, Subscription, Invoice, Dispute):
        model.objects.filter(customer__in=ours).delete()
    ours.delete()


BENCHMARK = Benchmark("checkout to module usable", "the DDL of the same migrations in one batch", "ms", 0.3, run)
