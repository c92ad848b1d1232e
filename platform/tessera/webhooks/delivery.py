"""Send one delivery: build what is told, post it outside of any transaction, and keep how it went."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils import timezone

from tessera.access.models import Member
from tessera.access.selectors import actor_of, restricted
from tessera.context import Actor, acting, current
from tessera.graph.stored import Unanswerable, answer_stored
from tessera.outbox.hints import hint
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import lock_for_update, on_commit, unit_of_work
from tessera.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookSubscription
from tessera.webhooks.posting import Outcome, post
from tessera.webhooks.services import disable_subscription
from tessera.webhooks.signing import good_secrets, signature_headers

JITTER = 0.2  # of each wait
BREAK_AFTER, BREAK_SINCE = 20, timedelta(hours=1)  # failures in a row, over so long a time, that disable a webhook
SEES_FACTS = "outbox.outbox_event_view"
BODY_KEPT = 65_536


@dataclass(frozen=True)
class Letter:
    """What is sent: where, and what."""

    url: str
    body: bytes
    headers: dict[str, str]


def deliver(key: UUID, attempt: int) -> None:
    """Send a delivery in the tenant that is entered, unless this attempt is over already."""
    row = WebhookDelivery.objects.select_related("subscription").filter(pk=key).first()
    if row is None or (row.state, row.attempts) != (row.State.PENDING, attempt):
        return
    subscription = row.subscription
    if subscription.state != WebhookSubscription.State.ACTIVE:
        return
    member = Member.objects.filter(pk=subscription.owner, state=Member.State.ACTIVE).first()
    if member is None:
        with unit_of_work():
            disable_subscription(lock_for_update(WebhookSubscription.objects.filter(pk=subscription.pk))[0], "its owner is gone")
        return
    owner = restricted(actor_of(member), subscription.scopes)
    try:
        letter = _written(row, subscription, owner)
    except Unanswerable as reason:
        _conclude(key, attempt, None, Outcome(error=f"the query was not answered: {reason}"[:300]))
        return
    _conclude(key, attempt, letter, post(letter.url, letter.body, letter.headers))


def _written(row: WebhookDelivery, subscription: WebhookSubscription, owner: Actor) -> Letter:
    """Return what a subscription is told now: the name of the fact, and what its owner may see of it."""
    data: dict[str, Any] = {"subject": str(row.subject), "sequence": row.seq, "tenant": str(current().tenant.id)}
    with acting(owner):
        if row.event and owner.may(SEES_FACTS):
            data["fact"] = OutboxEvent.objects.values_list("data", flat=True).filter(pk=row.event).first()
        if row.event and subscription.query:
            data["result"] = answer_stored(subscription.query, row.subject)
    body = orjson.dumps({"type": row.name, "timestamp": row.recorded_at.isoformat(), "data": data})
    now = timezone.now()
    signed = signature_headers(id=f"msg_{row.pk.hex}", at=now, body=body, secrets=good_secrets(subscription, now))
    return Letter(subscription.url, body, {"Content-Type": "application/json", "User-Agent": "Tessera-Webhooks/1", **signed})


def _conclude(key: UUID, attempt: int, letter: Letter | None, outcome: Outcome) -> None:
    """Keep how an attempt went, and what follows from it for the delivery and its subscription."""
    tenant = current().tenant.id
    with unit_of_work():
        (row,) = lock_for_update(WebhookDelivery.objects.filter(pk=key)) or (None,)
        if row is None:
            return
        _log(row, letter, outcome)
        if (row.state, row.attempts) != (row.State.PENDING, attempt):
            return
        now = timezone.now()
        row.leased_until = None
        if outcome.is_done or attempt > len(settings.TESSERA_WEBHOOK_WAITS):
            row.state, row.finished_at = (row.State.DONE if outcome.is_done else row.State.FAILED), now
        else:
            wait = settings.TESSERA_WEBHOOK_WAITS[attempt - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
            row.due_at = now + timedelta(seconds=wait)
        row.save()
        if letter is not None:
            _judge(row.subscription_id, outcome)
        on_commit(lambda: hint(tenant))


def _log(row: WebhookDelivery, letter: Letter | None, outcome: Outcome) -> None:
    WebhookAttempt(
        delivery=row,
        started_at=timezone.now() - timedelta(milliseconds=outcome.duration_ms),
        duration_ms=outcome.duration_ms,
        status=outcome.status,
        error=outcome.error,
        request_headers=letter.headers if letter else {},
        request_body=letter.body.decode()[:BODY_KEPT] if letter else "",
        response_body=outcome.body,
    ).save()


def _judge(key: UUID, outcome: Outcome) -> None:
    """Count failures in a row; a receiver that says it is gone, or failed for too long, is told nothing any more."""
    (row,) = lock_for_update(WebhookSubscription.objects.filter(pk=key))
    mine = WebhookSubscription.objects.filter(pk=key)
    if outcome.is_done:
        if row.failures:
            mine.update_unaudited(failures=0, failing_since=None)
        return
    now = timezone.now()
    row.failures, row.failing_since = row.failures + 1, row.failing_since or now
    mine.update_unaudited(failures=row.failures, failing_since=row.failing_since)
    if row.state != row.State.ACTIVE:
        return
    if outcome.status == 410:
        disable_subscription(row, "the receiver answered 410 Gone")
    elif row.failures >= BREAK_AFTER and row.failing_since <= now - BREAK_SINCE:
        disable_subscription(row, f"{row.failures} failures in a row: {outcome.error or f'HTTP {outcome.status}'}")
