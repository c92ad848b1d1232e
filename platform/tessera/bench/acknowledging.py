"""Fifty of Stripe's events a second: how long each waits for its acknowledgement, counted from when it was to be sent."""

import json
import time
from statistics import quantiles
from typing import Any

from stripe import WebhookSignature

from billing.local_stripe.testing import KEY, SECRET, LocalStripe, running
from billing.models import StripeEvent
from tessera.bench.load import paced, request
from tessera.bench.measures import Benchmark, Measured, Seconds, within
from tessera.bench.servers import PRODUCT, serving
from tessera.bench.stage import Stage
from tessera.celery import app
from tessera.fields import new_id

PACE, TURNS, EACH = 50.0, 4, 125  # a second, turns, events of a turn
MARK = "evt_bench"
MOST_MS = 200


def _event(stripe: LocalStripe) -> dict[str, Any]:
    """Return what Stripe sends about a new subscription."""
    v1 = stripe.client.v1
    price = v1.prices.create(
        {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}, "product_data": {"name": "Starter"}}
    )
    customer = v1.customers.create({"email": "ada@example.com", "metadata": {"tenant": str(new_id())}})
    v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "trial_period_days": 14,
            "metadata": {"checkout": str(new_id())},
        }
    )
    (told,) = v1.events.list({"type": "customer.subscription.created"}).data
    return told.to_dict(for_json=True)


def _messages(event: dict[str, Any], port: int) -> list[bytes]:
    """Return new events of Stripe's as it sends them, signed now."""
    found = []
    for _ in range(EACH):
        body = json.dumps({**event, "id": f"{MARK}{new_id().hex}"})
        signed = WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
        headers = [f"Stripe-Signature: {signed}"]
        found.append(request("/stripe/webhook", f"localhost:{port}", body=body.encode(), headers=headers))
    return found


def _waits(stage: Stage) -> tuple[list[list[Seconds]], list[list[Seconds]]]:
    """Return for each turn how long each acknowledgement took, and how long each answer of the same server that it is well."""
    heard: list[list[Seconds]] = []
    well: list[list[Seconds]] = []
    _forget()  # what a run that was killed has left
    try:
        with running(deliver=False) as stripe:
            event = _event(stripe)
            billing = {"STRIPE_API_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET, "STRIPE_API_BASE": stripe.url}
            with serving(PRODUCT, **billing) as port:
                health = [request("/health", f"localhost:{port}")] * EACH
                paced(port, _messages(event, port), pace=PACE)  # a server has its connections when it is asked this often
                for turn in range(TURNS):
                    for sends in (True, False) if turn % 2 == 0 else (False, True):
                        messages = _messages(event, port) if sends else health
                        (heard if sends else well).append(paced(port, messages, pace=PACE))
        kept = StripeEvent.objects.filter(event_id__startswith=MARK).count()
        if kept != EACH * (TURNS + 1):
            raise AssertionError(f"{kept} of {EACH * (TURNS + 1)} events were kept")
    finally:
        _forget()
    p50, p99 = (quantiles([each for turn in heard for each in turn], n=100)[place] * 1000 for place in (49, 98))
    stage.tell(f"acknowledged after {p50:.1f} ms (median), {p99:.1f} ms (p99)")
    return heard, well


def _forget() -> None:
    """Delete the events, and the hints to them that no worker took."""
    StripeEvent.objects.filter(event_id__startswith=MARK).delete()
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_purge(app.conf.task_default_queue)


def beside_health(stage: Stage) -> Measured:
    """Return the medians of the turns beside those of the answer that the server is well."""
    heard, well = stage.once(_waits)
    return Measured([_median(each) for each in heard], [_median(each) for each in well], n=EACH * TURNS)


def below_the_limit(stage: Stage) -> Measured:
    """Return the slowest in a hundred of all, beside what it may take."""
    heard, _well = stage.once(_waits)
    slow = quantiles([each for turn in heard for each in turn], n=100)[98]
    return Measured([slow], within([slow], MOST_MS / 1000).floor, n=EACH * TURNS)


def _median(waits: list[Seconds]) -> Seconds:
    return quantiles(waits, n=2)[0]


BENCHMARKS = (
    Benchmark("acknowledging 50 events a second", "the same server's health at the same pace", "ms", 0.25, beside_health),
    Benchmark("p99 of acknowledging 50 events a second", "the limit", "ms", 1, below_the_limit),
)
