"""Whatever order, number and loss of events: in the end a company may use exactly what Stripe's rows say it pays for."""

import json
import random
from collections import Counter
from datetime import timedelta
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone
from stripe import WebhookSignature

from billing import tasks
from billing.entitlements import granting
from billing.events.inbox import receive_event
from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import Entitlement, StripeEvent
from tests.billing.core.walks import OVER, PARTS, PLANS, Walker, found_company, model

SENDERS = 8
LONGEST = 12  # days of a round
DROPPED, LATE, FOREIGN = 0.10, 0.05, 0.03
NEVER = 10_000


class Senders:
    """Sends events from several threads at once, each of which processes what it is hinted at as a worker would."""

    def __init__(self, monkeypatch: Any) -> None:
        self.events: Queue = Queue()
        self.hints: Queue = Queue()
        self.sent: list[str] = []
        self.errors: list[BaseException] = []
        monkeypatch.setattr(tasks.process_one, "apply_async", lambda **message: self.hints.put(message["kwargs"]["event"]))
        self.threads = [Thread(target=self._run) for _ in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        try:
            while (event := self.events.get()) is not None:
                body = json.dumps(event)
                signed = WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRET)
                receive_event(body=body.encode(), signature=signed)
                self.sent.append(event["id"])
                while not self.hints.empty():
                    tasks.process_one(event=self.hints.get())
        except BaseException as error:
            self.errors.append(error)
        finally:
            connections.close_all()

    def end(self) -> None:
        for _ in self.threads:
            self.events.put(None)
        for thread in self.threads:
            thread.join()


@pytest.mark.committed
@pytest.mark.safety(seeds=(1, 10), soak=True)
def test_in_the_end_everybody_may_use_what_they_pay_for(shop, seed, count, monkeypatch):
    histories, rounds = count("histories", 6, 100), count("rounds", 3, 10)
    chance = random.Random(seed)
    monkeypatch.setattr(granting, "enqueue", lambda task: None)  # these companies have no tables that could be switched
    start = timezone.now() - timedelta(days=LONGEST * rounds + 1)
    shop.stripe.local.clock.freeze(int(start.timestamp()))
    prices = {key: shop.price(key) for key in (*PLANS, *PARTS, "seat.business.month.usd")}
    walkers = [Walker(shop, found_company(number, chance, start), chance, prices) for number in range(histories)]
    connections.close_all()  # each sender needs one of the pool
    senders, waiting = Senders(monkeypatch), []
    foreign = set()

    def gather(moment):
        """Give each event its fate: how often it comes, when, or never."""
        for event in shop.fresh():
            if chance.random() < DROPPED:
                shop.stripe.local.store.kinds["event"][event["id"]]["_failed"] = True
                continue
            if chance.random() < FOREIGN and event["data"]["object"].get("customer"):
                forged = strange(event, chance)
                foreign.add(forged["id"])
                waiting.append((moment, forged))
            for _ in range(chance.randint(1, 5)):
                waiting.append((NEVER if chance.random() < LATE else moment + chance.randrange(4), event))

    def send(moment):
        due = [event for when, event in waiting if when <= moment]
        waiting[:] = [each for each in waiting if each[0] > moment]
        chance.shuffle(due)
        for event in due:
            senders.events.put(event)

    for moment in range(rounds):
        for walker in walkers:
            walker.step()
        shop.stripe.advance(days=chance.randrange(LONGEST), seconds=chance.randrange(86400))
        gather(moment)
        send(moment)
    send(NEVER)
    senders.end()
    assert senders.errors == []
    assert not StripeEvent.objects.filter(state="received").exclude(why="").exists()

    gaps = reconcile_with_stripe()
    assert set(StripeEvent.objects.filter(state="quarantined").values_list("event_id", flat=True)) == foreign
    assert not StripeEvent.objects.filter(state="received").exists()
    now = timezone.now()
    rows = {row.tenant_id: row for row in Entitlement.objects.all()}
    wrong = []
    for walker in walkers:
        row = rows[walker.tenant.pk]
        if (row.access, frozenset(row.modules), row.seats) != model(walker, now):
            wrong.append((walker.tenant.slug, row.access, model(walker, now)))
    assert wrong == []
    going = Counter(
        (each["customer"], each["metadata"]["checkout"])
        for each in shop.stripe.local.store.of("subscription")
        if each["status"] not in OVER
    )
    assert {checkout for checkout, number in going.items() if number > 1} == set()
    told = [each for each in reconcile_with_stripe() if "was" in each.what]
    assert told == []
    count.note(
        steps=sum(walker.done for walker in walkers),
        refused=sum(walker.refused for walker in walkers),
        sent=len(senders.sent),
        gaps=len(gaps),
        foreign=len(foreign),
        full=sum(row.access == "full" for row in rows.values()),
        read_only=sum(row.access == "read_only" for row in rows.values()),
        closed=sum(row.access in ("suspended", "archived") for row in rows.values()),
    )


def strange(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return an event that must have no effect: of the other mode, of another version, of nobody, or of another tenant."""
    about = event["data"]["object"]
    change = chance.choice(
        [
            {"livemode": True},
            {"api_version": "2019-01-01"},
            {"data": {"object": about | {"customer": "cus_nobody"}}},
            {"data": {"object": about | {"metadata": {"tenant": "another"}}}},
        ]
    )
    return event | change | {"id": f"{event['id']}x"}
