"""A bell that rings, whoever is told of it, and what relay and worker do."""

from uuid import UUID

from django.utils import timezone

from tessera.events import event, publish
from tessera.fields import new_id
from tessera.testing.asking import ask
from tessera.unit_of_work import unit_of_work
from tessera.webhooks.delivery import deliver
from tessera.webhooks.leasing import lease_due
from tessera.webhooks.models import WebhookDelivery, WebhookSubscription

State = WebhookDelivery.State
CREATE = """mutation ($input: WebhookSubscriptionCreateInput!) { webhookSubscriptionCreate(input: $input)
    { result { secret subscription { id name events state } } userErrors { code field } } }"""
UPDATE = """mutation ($id: ID!, $input: WebhookSubscriptionUpdateInput!) { webhookSubscriptionUpdate(id: $id, input: $input)
    { node { state events } userErrors { code field } } }"""
LISTED = """{ webhookDeliveries { nodes { id name state attempts subject
    log { nodes { status error responseBody requestBody requestHeaders } } } } }"""
REPLAY = "mutation ($id: ID!) { webhookDeliveryReplay(id: $id) { node { state } userErrors { code field } } }"


@event("webhooktest.bell_rung")
class BellRung:
    subject: UUID
    tone: str


def subscribe(receiver, **more):
    wish = {"name": "Bells", "url": receiver.url, "events": ["webhooktest.bell_rung"]} | more
    made = ask(CREATE, input=wish)["data"]["webhookSubscriptionCreate"]
    assert made["userErrors"] == []
    return WebhookSubscription.objects.get(name=wish["name"]), made["result"]["secret"]


def ring(subject=None, *tones):
    subject = subject or new_id()
    with unit_of_work():
        for tone in tones or ("a",):
            publish(BellRung(subject=subject, tone=tone))
    return subject


def send():
    """Do what relay and worker do, until nothing is due."""
    count = 0
    while leased := lease_due(20):
        for key, attempt in leased:
            deliver(key, attempt)
        count += len(leased)
    return count


def make_due():
    with unit_of_work():
        WebhookDelivery.objects.filter(state=State.PENDING).update_unaudited(due_at=timezone.now(), leased_until=None)
