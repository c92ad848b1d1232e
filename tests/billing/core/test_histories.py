"""Whatever order, number and loss of events, and whoever is killed: in the end a company may use exactly what Stripe's rows say it pays for."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from billing.entitlements import granting
from billing.entitlements.reckoning import subscriptions_of
from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import Entitlement, StripeEvent, Subscription
from billing.tasks import sweep
from tests.billing.core.senders import Senders, Webs
from tests.billing.core.walks import OVER, PARTS, PLANS, Walker, found_company, model

SENDERS = 8
LONGEST = 12  # days of a round
BEHIND = (0, 60, 20)  # days that pass after a history: Stripe still knows all that it could not deliver, or has forgotten it
DROPPED, LATE, FOREIGN, KILLED = 0.10, 0.05, 0.03, 0.05
NEVER = 10_000
KILLS = (
    0.0005,
    0.25,
)  # seconds after which a process is killed: before it has read, while it asks Stripe, when it has done everything


@pytest.fixture
def senders(shop: Any, monkeypatch: Any) -> Iterator[Senders]:
    """Return senders to as many web processes on the test's database; what the test itself asks for switches nothing either."""
    monkeypatch.setattr(granting, "enqueue", lambda task: None)
    database = connections["shared"].settings_dict["NAME"]
    webs = Webs(database=database, stripe=shop.stripe.url, places=SENDERS)
    made = Senders(webs)
    try:
        yield made
    finally:
        made.end()
        webs.close()


class Post:
    """Gives each event its fate: how often it comes, when, or never, and whether it kills."""

    def __init__(self, shop: Any, senders: Senders, chance: random.Random, walkers: list[Walker]) -> None:
        self.shop, self.senders, self.chance, self.walkers = shop, senders, chance, walkers
        self.waiting: list[tuple[int, dict[str, Any]]] = []
        self.foreign: set[str] = set()
        self.events = 0

    def gather(self, moment: int) -> None:
        for event in self.shop.fresh():
            self.events += 1
            if self.chance.random() < DROPPED:
                self.shop.stripe.local.store.kinds["event"][event["id"]]["_failed"] = True
                continue
            if self.chance.random() < FOREIGN and event["data"]["object"].get("customer"):
                forged = self._strange(event)
                self.foreign.add(forged["id"])
                self.waiting.append((moment, forged))
            for _ in range(self.chance.randint(1, 5)):
                late = self.chance.random() < LATE
                self.waiting.append((NEVER if late else moment + self.chance.randrange(4), event))

    def send(self, moment: int) -> None:
        due = [event for when, event in self.waiting if when <= moment]
        self.waiting = [each for each in self.waiting if each[0] > moment]
        self.chance.shuffle(due)
        for event in due:
            low, high = KILLS
            kills = low * (high / low) ** self.chance.random() if self.chance.random() < KILLED else None
            self.senders.send(event, kills)

    def _strange(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return an event that must have no effect: of the other mode, of another version, of nobody, or of another tenant."""
        about = event["data"]["object"]
        others = [each.tenant for each in self.walkers if each.customer.stripe_id != about["customer"]]
        change = self.chance.choice(
            [
                {"livemode": True},
                {"api_version": "2019-01-01"},
                {"data": {"object": about | {"customer": "cus_nobody"}}},
                {"data": {"object": about | {"metadata": {"tenant": str(self.chance.choice(others).pk)}}}},
            ]
        )
        return event | change | {"id": f"{event['id']}x"}


@pytest.mark.committed
@pytest.mark.safety(seeds=(1, 10), soak=True)
def test_in_the_end_everybody_may_use_what_they_pay_for(shop, senders, seed, count):
    histories, rounds = count("histories", 6, 100), count("rounds", 3, 8)
    chance = random.Random(seed)
    leaps = [timedelta(days=chance.randrange(LONGEST), seconds=chance.randrange(86400)) for _ in range(rounds)]
    start = timezone.now() - sum(leaps, timedelta(days=BEHIND[seed % len(BEHIND)]))
    shop.stripe.local.clock.freeze(int(start.timestamp()))
    prices = {key: shop.price(key) for key in (*PLANS, *PARTS, "seat.business.month.usd")}
    walkers = [Walker(shop, found_company(number, chance, start), chance, prices) for number in range(histories)]
    post = Post(shop, senders, chance, walkers)
    for moment, leap in enumerate(leaps):
        for walker in walkers:
            walker.step()
        shop.stripe.advance(int(leap.total_seconds()))
        post.gather(moment)
        post.send(moment)
        sweep()
    post.send(NEVER)
    senders.end()
    assert senders.errors == []
    interrupted = StripeEvent.objects.filter(state="received").update(due_at=timezone.now())  # their leases pass
    sweep()

    gaps = reconcile_with_stripe()
    assert set(StripeEvent.objects.filter(state="quarantined").values_list("event_id", flat=True)) == post.foreign
    assert not StripeEvent.objects.filter(state="received").exists()
    now = timezone.now()
    rows = {row.tenant_id: row for row in Entitlement.objects.all()}
    wrong = [each for each in walkers if kept(rows[each.tenant.pk]) != model(each, now)]
    count.note(
        events=post.events,
        deliveries=senders.deliveries,
        kills=senders.killed_unanswered + senders.killed_later,
        unanswered=senders.killed_unanswered,
        interrupted=interrupted,
        mismatches=len(wrong),
        gaps=len(gaps),
        foreign=len(post.foreign),
        steps=sum(walker.done for walker in walkers),
        refused=sum(walker.refused for walker in walkers),
        **{access: sum(row.access == access for row in rows.values()) for access in Entitlement.Access.values},
    )
    if wrong:
        pytest.fail("\n\n".join(said(each, rows[each.tenant.pk], now) for each in wrong))
    theirs = list(shop.stripe.local.store.of("subscription"))
    assert set(Subscription.objects.values_list("customer__stripe_id", "stripe_id")) == {
        (each["customer"], each["id"]) for each in theirs
    }
    going = Counter((each["customer"], each["metadata"]["checkout"]) for each in theirs if each["status"] not in OVER)
    assert {checkout for checkout, number in going.items() if number > 1} == set()
    assert [each for each in reconcile_with_stripe() if "was" in each.what] == []


def said(walker: Walker, row: Entitlement, now: datetime) -> str:
    """Return both sides of a history that went wrong."""
    store, customer = walker.shop.stripe.local.store, walker.customer
    customer.refresh_from_db()
    shown = ("id", "status", "created", "metadata", "trial_end", "cancel_at", "ended_at", "pause_collection")
    theirs = [
        {name: each[name] for name in shown}
        | {"items": [(key, store.kinds["subscription_item"][key]["price"]) for key in each["_items"]]}
        for each in store.of("subscription", customer=customer.stripe_id)
    ]
    invoices = [
        (each["id"], each["_subscription"], each["status"], each["attempted"])
        for each in store.of("invoice", customer=customer.stripe_id)
    ]
    events = StripeEvent.objects.filter(customer=customer.stripe_id).order_by("received_at")
    lines = [
        f"{walker.tenant.slug}: {kept(row)}, by the model {model(walker, now)}",
        *(f"  there {each}" for each in (*theirs, *invoices)),
        *(f"  here {each}" for each in subscriptions_of(customer)),
        f"  asked {customer.asked}, folded {customer.folded} of {customer.folded_at}; worked out {row.changed_at}, again {row.recheck_at}",
        *(f"  {each.received_at} {each.type} {each.state} {each.attempts} {each.done_at} {each.why}" for each in events),
    ]
    return "\n".join(lines)


def kept(row: Entitlement) -> tuple[str, frozenset[str], int | None]:
    """Return of what is kept what the model says too."""
    return row.access, frozenset(row.modules), row.seats
