"""The worker's side of webhooks, in a queue of its own."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import unit_of_work
from tessera.webhooks.delivery import deliver
from tessera.webhooks.models import WebhookDelivery

KEPT = timedelta(days=30)
MOST = 1_000  # deliveries forgotten at a time


@tenant_task(acks_late=False, queue="webhooks")
def send_webhook(*, delivery_id: str, attempt: int) -> None:
    """Send one delivery; the lease, not the broker, sends it again when this gets lost."""
    deliver(UUID(delivery_id), attempt)


@tenant_task(every=timedelta(days=1))
def forget_webhooks() -> None:
    """Forget deliveries that ended long ago, with their log."""
    with unit_of_work():
        old = (
            WebhookDelivery.objects.filter(finished_at__lt=timezone.now() - KEPT)
            .order_by("pk")
            .values_list("pk", flat=True)[:MOST]
        )
        if WebhookDelivery.objects.filter(pk__in=list(old)).delete()[1].get("webhooks.WebhookDelivery", 0) == MOST:
            enqueue(forget_webhooks)
