"""What administrators see of the outbox: facts, and above all dead letters."""

from django.utils.translation import gettext_lazy as _

from tessera.module import Permission
from tessera.outbox import services
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import Action, Children, List, Resource

KERNEL_PERMISSIONS.append(Permission("outbox.delivery_replay", _("Try dead letters again")))

Resource(
    model=OutboxEvent,
    fields=("name", "version", "subject", "seq", "data", "actor", "request", "recorded_at"),
    filters=("name", "subject", "actor", "request", "recorded_at"),
    order=("recorded_at",),
    children=(Children("deliveries", Delivery, "event"),),
    views=(List(("name", "subject", "seq", "recorded_at")),),
)
Resource(
    model=Delivery,
    plural="EventDeliveries",
    name="EventDelivery",
    fields=("event", "handler", "subject", "seq", "state", "attempts", "due_at", "error", "finished_at"),
    filters=("handler", "subject", "state", "due_at"),
    order=("due_at",),
    actions=(Action("replay", services.replay_dead_letter, title=_("Try again"), states=(Delivery.State.DEAD,), bulk=True),),
    views=(List(("state", "handler", "event", "attempts", "error", "due_at")),),
)
