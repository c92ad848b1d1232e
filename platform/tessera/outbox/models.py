"""The outbox of a tenant: facts in order per subject, and what each handler did with them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.models import Model


class SubjectSequence(Model):
    """The last sequence number of a subject; its row lock orders the facts about the subject."""

    audited = False

    subject = models.UUIDField(unique=True)
    last = models.BigIntegerField(default=0)


class OutboxEvent(Model):
    """A fact: `(subject, seq)` is unique, and `seq` follows the order of the commits."""

    audited = False

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    subject = models.UUIDField()
    seq = models.BigIntegerField()
    data = models.JSONField()
    actor = models.UUIDField(null=True)
    request = models.UUIDField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["subject", "seq"], name="outbox_event_in_order")]


class Delivery(Model):
    """One fact for one handler. `done` is set in the handler's own transaction: its unique effect."""

    audited = False

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        DEAD = "dead", _("dead letter")

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=200)
    subject = models.UUIDField()
    seq = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(auto_now_add=True)
    leased_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["handler", "subject", "seq"], name="delivery_in_order"),
            models.Index(fields=["not_before"], condition=models.Q(state="pending"), name="delivery_pending"),
        ]
