"""Take what is due, so much of each subscription that one dead receiver never keeps the others waiting."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from tessera.unit_of_work import unit_of_work
from tessera.webhooks.models import WebhookDelivery, WebhookSubscription

LEASE = timedelta(seconds=60)  # longer than a request may take
AT_ONCE, WHILE_FAILING = 4, 1  # requests of one subscription that are under way
FAILS = 3  # in a row, from which on a subscription counts as failing


def lease_due(most: int) -> list[tuple[UUID, int]]:
    """Lease up to `most` due deliveries of the tenant that is entered; return each with the number of its attempt.

    Facts of one subject go to a subscription in their order: the later one waits until the earlier one was taken or given up.
    One that was leased as often as it is tried, and of which nobody said how it went, kills whoever sends it: it is given up.
    """
    now = timezone.now()
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.PENDING, due_at__lte=now)
    if not due.exists():
        return []
    earlier = WebhookDelivery.objects.filter(
        subscription=OuterRef("subscription"),
        subject=OuterRef("subject"),
        seq__lt=OuterRef("seq"),
        state=WebhookDelivery.State.PENDING,
    )
    with unit_of_work():
        room = _room()
        full = [key for key, left in room.items() if left <= 0]
        wanted = due.filter(~Exists(earlier), subscription__state=WebhookSubscription.State.ACTIVE).exclude(subscription__in=full)
        rows = wanted.order_by("due_at", "id").select_for_update(of=("self",), skip_locked=True)[:most]
        taken, lost = [], []
        for row in rows:
            if row.attempts > len(settings.TESSERA_WEBHOOK_WAITS):
                lost.append(row.pk)
                continue
            room[row.subscription_id] = room.get(row.subscription_id, AT_ONCE) - 1
            if room[row.subscription_id] >= 0:
                taken.append((row.pk, row.attempts + 1))
        WebhookDelivery.objects.filter(pk__in=lost).update_unaudited(
            state=WebhookDelivery.State.FAILED, finished_at=now, leased_until=None
        )
        keys = [key for key, _attempt in taken]
        WebhookDelivery.objects.filter(pk__in=keys).update_unaudited(
            attempts=F("attempts") + 1, due_at=now + LEASE, leased_until=now + LEASE
        )
    return taken


def _room() -> dict[UUID, int]:
    """Return how many requests more each subscription may have under way, for those where that is not all it may have."""
    now = timezone.now()
    under_way = Count("deliveries", filter=Q(deliveries__state=WebhookDelivery.State.PENDING, deliveries__leased_until__gt=now))
    busy = WebhookSubscription.objects.annotate(under_way=under_way).filter(Q(under_way__gt=0) | Q(failures__gte=FAILS))
    return {
        key: (WHILE_FAILING if failures >= FAILS else AT_ONCE) - count
        for key, failures, count in busy.values_list("pk", "failures", "under_way")
    }


def give_back(leased: list[tuple[UUID, int]]) -> None:
    """Undo the lease of deliveries that could not be sent to a worker."""
    with unit_of_work():
        mine = WebhookDelivery.objects.filter(pk__in=[key for key, _attempt in leased], state=WebhookDelivery.State.PENDING)
        mine.update_unaudited(attempts=F("attempts") - 1, due_at=timezone.now(), leased_until=None)
