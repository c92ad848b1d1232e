"""Hand what is due to the workers of webhooks, when it is the tenant's turn."""

from tessera.context import current
from tessera.outbox.relay import also_sent
from tessera.webhooks.leasing import give_back, lease_due


@also_sent
def send_due(most: int) -> int:
    """Lease and send up to `most` deliveries of the tenant that is entered; raises BrokerError."""
    from tessera.webhooks.tasks import send_webhook

    leased = lease_due(most)
    for place, (key, attempt) in enumerate(leased):
        message = {"tenant_id": str(current().tenant.id), "delivery_id": str(key), "attempt": attempt}
        try:
            # allow raw-task: as the relay does, what is committed already, by tenant
            send_webhook.apply_async(kwargs=message, retry=False)
        except BaseException:
            give_back(leased[place:])
            raise
    return len(leased)
