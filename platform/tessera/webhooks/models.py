"""Who is told which facts, and how that went."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import MemberKey
from tessera.models import Model, Record
from tessera.search.expressions import search_index

RESPONSE_KEPT = 2048


class WebhookSubscription(Record):
    """An address of somebody else's that is told facts; `events` are names, `module.*`, or `*` for all.

    `query` is asked as `owner`, with no more than the `scopes` of the token that it was written with. Secrets are sealed; the
    one before goes on signing beside the new one until `previous_until`.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("webhook", "active")
        PAUSED = "paused", _("paused")
        DISABLED = "disabled", _("disabled, it failed too often")

    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=2000)
    events = ArrayField(models.CharField(max_length=100), verbose_name=_("facts"))
    query = models.TextField(_("what is asked for each fact"), blank=True)
    owner = MemberKey(_("owner"))
    scopes = models.JSONField(default=list, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    why = models.CharField(_("why it is disabled"), max_length=300, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    secret = models.TextField(editable=False)
    previous_secret = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(_("secret before is good until"), null=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.CheckConstraint(condition=models.Q(url__startswith="http"), name="webhook_subscription_url"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "paused", "disabled"]), name="webhook_subscription_state"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="webhook_by_creation"),
            models.Index(fields=["name", "id"], name="webhook_by_name"),
            search_index("name", "url", name="webhook_search"),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(Model):
    """One fact for one subscription (without `event`: a test). `due_at` is when it is tried, again."""

    audited = False

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", pgettext_lazy("delivery", "done")
        FAILED = "failed", _("given up")

    subscription = models.ForeignKey(
        WebhookSubscription, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event = models.UUIDField(_("fact"), null=True)
    name = models.CharField(_("name of the fact"), max_length=100)
    subject = models.UUIDField(_("subject"))
    seq = models.BigIntegerField(_("sequence"), default=0)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta(Model.Meta):
        verbose_name = _("delivery of a webhook")
        verbose_name_plural = _("deliveries of webhooks")
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event"], name="webhook_delivery_once"),
            models.CheckConstraint(condition=models.Q(state__in=["pending", "done", "failed"]), name="webhook_delivery_state"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="pending"), name="webhook_delivery_pending"),
            models.Index(fields=["recorded_at", "id"], name="webhook_delivery_by_time"),
            models.Index(
                fields=["subscription", "subject", "seq"], condition=models.Q(state="pending"), name="webhook_delivery_in_order"
            ),
        ]


class WebhookAttempt(Model):
    """One request that was sent, or could not be: what was said, what came back (its first 2 KB), and how long it took."""

    audited = False

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log", verbose_name=_("delivery"))
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    duration_ms = models.PositiveIntegerField(_("duration in milliseconds"), default=0)
    status = models.PositiveIntegerField(_("HTTP status"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    request_headers = models.JSONField(_("request headers"), default=dict)
    request_body = models.TextField(_("request body"), blank=True)
    response_body = models.TextField(_("begin of the response"), blank=True)

    class Meta(Model.Meta):
        verbose_name = _("attempt of a delivery")
        verbose_name_plural = _("attempts of deliveries")
        indexes = [models.Index(fields=["started_at", "id"], name="webhook_attempt_by_time")]
