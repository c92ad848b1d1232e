"""Make and change webhooks, and send again what was missed."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import Forbidden, Problem, Refused
from tessera.events import EVENTS, publish
from tessera.fields import new_id
from tessera.graph.stored import Unanswerable, answer_stored
from tessera.outbox.hints import hint
from tessera.service import service
from tessera.unit_of_work import lock_for_update, on_commit
from tessera.webhooks.addresses import Refusal, check_url
from tessera.webhooks.events import SubscriptionDisabled
from tessera.webhooks.models import WebhookDelivery, WebhookSubscription
from tessera.webhooks.signing import new_secret, sealed
from tessera.webhooks.telling import WANTS

MANAGE, REPLAY = "webhooks.subscription_manage", "webhooks.delivery_replay"
BOTH_SIGN = timedelta(hours=24)
MOST_REPLAYED = 10_000
LONGEST_QUERY = 5_000
TEST = "webhooks.test"
_PATTERN = re.compile(r"[a-z_]+\.\*")


@dataclass(frozen=True)
class NewSecret:
    """A webhook and the secret that signs what it is told, which is shown this once."""

    subscription: WebhookSubscription
    secret: str = field(metadata={"secret": True})


@dataclass(frozen=True)
class Replayed:
    """How many facts are told again."""

    count: int


@service(permission=MANAGE)
def create_subscription(*, name: str, url: str, events: list[str], query: str = "") -> NewSecret:
    """Tell an address facts from now on: by name, `module.*`, or `*`; with the answer to a query, asked in one's own name.

    The query may take `$subject: ID!`, the record that the fact is about. Refused: an address that is not a public one's over
    https, a name of no fact, a query that cannot be answered.
    """
    made = WebhookSubscription(secret="")
    _fill(made, name=name, url=url, events=events, query=query)
    secret = new_secret()
    made.secret = sealed(secret)
    made.save()
    return NewSecret(made, secret)


@service(permission=MANAGE)
def update_subscription(
    *,
    webhook_subscription: WebhookSubscription,
    name: str | None = None,
    url: str | None = None,
    events: list[str] | None = None,
    query: str | None = None,
    active: bool | None = None,
) -> WebhookSubscription:
    """Change a webhook, or switch it on or off; whoever does becomes its owner, as what it asks is asked in their name."""
    row = webhook_subscription
    _fill(
        row,
        name=row.name if name is None else name,
        url=row.url if url is None else url,
        events=row.events if events is None else events,
        query=row.query if query is None else query,
    )
    if active is not None:
        row.state = row.State.ACTIVE if active else row.State.PAUSED
        row.failures, row.failing_since, row.why = 0, None, ""
        _hint()
    row.save()
    return row


@service(permission=MANAGE)
def delete_subscription(*, webhook_subscription: WebhookSubscription) -> None:
    """Tell an address nothing any more, and forget what it was told."""
    webhook_subscription.delete()


@service(permission=MANAGE)
def rotate_secret(*, webhook_subscription: WebhookSubscription) -> NewSecret:
    """Sign with a new secret; for a day the one before signs as well."""
    row, secret = webhook_subscription, new_secret()
    row.previous_secret, row.previous_until = row.secret, timezone.now() + BOTH_SIGN
    row.secret = sealed(secret)
    row.save()
    return NewSecret(row, secret)


@service(permission=MANAGE)
def test_subscription(*, webhook_subscription: WebhookSubscription) -> WebhookDelivery:
    """Send a webhook something to see whether it arrives; how it went is in the delivery that is returned."""
    if webhook_subscription.state != WebhookSubscription.State.ACTIVE:
        raise Refused("STATE", _("The webhook is not active."), "webhook_subscription")
    made = WebhookDelivery(subscription=webhook_subscription, name=TEST, subject=webhook_subscription.pk)
    made.save()
    _hint()
    return made


@service(permission=REPLAY)
def replay_delivery(*, webhook_delivery: WebhookDelivery) -> WebhookDelivery:
    """Send a delivery again, under the same id: a receiver that had it knows it."""
    (row,) = lock_for_update(WebhookDelivery.objects.filter(pk=webhook_delivery.pk))
    if row.state == row.State.PENDING:
        raise Refused("STATE", _("The delivery is still being tried."), "webhook_delivery")
    row.state, row.attempts, row.due_at, row.leased_until, row.finished_at = row.State.PENDING, 0, timezone.now(), None, None
    row.save()
    _hint()
    return row


# Facts of the time are sent again, and those sent at all that were not because the webhook was off or not there.
_REPLAY = f"""
INSERT INTO webhooks_webhookdelivery (id, subscription_id, event, name, subject, seq, recorded_at, state, attempts, due_at)
SELECT uuidv7(), s.id, f.id, f.name, f.subject, f.seq, f.recorded_at, 'pending', 0, %(now)s
FROM outbox_outboxevent f JOIN webhooks_webhooksubscription s ON s.id = %(subscription)s AND {WANTS}
WHERE f.recorded_at >= %(since)s AND f.recorded_at < %(until)s ORDER BY f.recorded_at, f.seq LIMIT %(most)s
ON CONFLICT (subscription_id, event) DO UPDATE
SET state = 'pending', attempts = 0, due_at = EXCLUDED.due_at, leased_until = NULL, finished_at = NULL
"""  # noqa: S608  (our own text)


@service(permission=REPLAY)
def replay_range(*, webhook_subscription: WebhookSubscription, since: datetime, until: datetime) -> Replayed:
    """Tell a webhook all facts of a time that it wants, also those that it missed; 10,000 at most."""
    if since >= until:
        raise Refused("INVALID", _("The time ends before it begins."), "until")
    values = {
        "now": timezone.now(),
        "subscription": webhook_subscription.pk,
        "since": since,
        "until": until,
        "most": MOST_REPLAYED,
    }
    with connections["default"].cursor() as cursor:
        cursor.execute(_REPLAY, values)
        count = cursor.rowcount
    _hint()
    return Replayed(count)


def disable_subscription(row: WebhookSubscription, why: str) -> None:
    """Tell a webhook nothing more, and its people that it is so; inside a unit of work, with the row locked."""
    row.state, row.why = row.State.DISABLED, why[:300]
    row.save()
    publish(SubscriptionDisabled(subject=row.pk, title=row.name, why=why[:300]))


def _fill(row: WebhookSubscription, *, name: str, url: str, events: list[str], query: str) -> None:
    actor = current().actor
    if actor.member_id is None:
        raise Forbidden(MANAGE)
    problems = []
    if not name.strip() or len(name) > 100:
        problems.append(Problem("INVALID", _("A webhook has a name of at most 100 characters."), ("name",)))
    try:
        check_url(url)
    except Refusal:
        told = _("Webhooks go to public addresses over https, without a user name or a fragment.")
        problems.append(Problem("INVALID", told, ("url",)))
    if not events:
        problems.append(Problem("REQUIRED", _("Name the facts that the webhook is told."), ("events",)))
    for place, event in enumerate(events):
        if not _is_known(event):
            told = _("There is no fact {name}.").format(name=event)
            problems.append(Problem("INVALID", told, ("events", str(place))))
    if query and not problems:
        problems += _problems_of_query(query)
    if problems:
        raise Refused.of(problems)
    row.name, row.url, row.events, row.query = name.strip(), url, sorted(set(events)), query
    row.owner, row.scopes = actor.member_id, list(actor.scopes)


def _is_known(event: str) -> bool:
    if _PATTERN.fullmatch(event):
        return any(name.startswith(event[:-1]) for name in EVENTS)
    return event == "*" or event in EVENTS


def _problems_of_query(query: str) -> list[Problem]:
    """Return what speaks against a query, found by asking it about a record that is not there."""
    if len(query) > LONGEST_QUERY:
        return [Problem("INVALID", _("The query is too long."), ("query",))]
    try:
        answer_stored(query, new_id())
    except Unanswerable as reason:
        return [Problem("INVALID", str(reason), ("query",))]
    return []


def _hint() -> None:
    tenant: UUID = current().tenant.id
    on_commit(lambda: hint(tenant))
