"""What happened to webhooks."""

from uuid import UUID

from tessera.events import event


@event("webhooks.subscription_disabled")
class SubscriptionDisabled:
    """A webhook failed for so long that it is told nothing any more."""

    subject: UUID
    title: str
    why: str
