"""What maintenance does after a delivery."""

from tessera.api import Event, on

from acme_maintenance import services
from modules.scm.stock.api import Delivery


@on("stock.delivery_done")
def register_what_was_delivered(event: Event) -> None:
    """Look after what has a service plan."""
    services.register_delivery(delivery=Delivery.objects.get(pk=event.subject))
