"""What the API shows of webhooks; a secret is no field of anything."""

from django.utils.translation import gettext_lazy as _

from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import Action, Children, List, Resource, RowScope
from tessera.webhooks import services
from tessera.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookSubscription

KERNEL_PERMISSIONS += [
    Permission(services.MANAGE, _("Make and change webhooks")),
    Permission(services.REPLAY, _("Send webhooks again")),
]

Resource(
    model=WebhookSubscription,
    fields=(
        *("name", "url", "events", "query", "owner", "state", "why", "failures", "failing_since", "previous_until"),
        *("version", "created_at", "updated_at"),
    ),
    create=services.create_subscription,
    update=services.update_subscription,
    delete=services.delete_subscription,
    filters=("name", "owner", "state"),
    order=("name", "created_at"),
    search=("name", "url"),
    children=(Children("deliveries", WebhookDelivery, "subscription"),),
    actions=(
        Action("secret_rotate", services.rotate_secret, _("New secret")),
        Action("test", services.test_subscription, _("Send a test"), states=("active",)),
        Action("replay", services.replay_range, _("Send a time again")),
    ),
    views=(List(("name", "url", "state", "failures")),),
    scope=RowScope(owner="owner"),
)

Resource(
    model=WebhookDelivery,
    plural="WebhookDeliveries",
    fields=("subscription", "event", "name", "subject", "seq", "recorded_at", "state", "attempts", "due_at", "finished_at"),
    filters=("subscription", "name", "subject", "state", "recorded_at"),
    order=("recorded_at",),
    children=(Children("log", WebhookAttempt, "delivery"),),
    actions=(Action("replay", services.replay_delivery, _("Send again"), states=("done", "failed")),),
    views=(List(("name", "state", "attempts", "recorded_at")),),
    scope=RowScope(owner="subscription__owner"),
)

Resource(
    model=WebhookAttempt,
    fields=(
        *("delivery", "started_at", "duration_ms", "status", "error"),
        *("request_headers", "request_body", "response_body"),
    ),
    filters=("delivery", "status", "started_at"),
    order=("started_at",),
    views=(List(("started_at", "status", "error", "duration_ms")),),
    scope=RowScope(owner="delivery__subscription__owner"),
)
