"""The outbox of a tenant: facts in order per subject, and what each handler did with them."""

from django.db import models
from django.utils import timezone
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

    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveIntegerField(_("version"))
    subject = models.UUIDField(_("subject"))
    seq = models.BigIntegerField(_("sequence"))
    data = models.JSONField(_("data"))
    actor = models.UUIDField(_("actor"), null=True)
    request = models.UUIDField(_("request"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        constraints = [models.UniqueConstraint(fields=["subject", "seq"], name="outbox_event_in_order")]
        indexes = [models.Index(fields=["recorded_at", "id"], name="outbox_event_by_time")]


class Delivery(Model):
    """One fact for one handler. `done` is set in the handler's own transaction: its unique effect.

    `due_at` is when the relay may send it, again: it moves on with each lease and each failure.
    """

    audited = False

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped, the module was off")
        DEAD = "dead", _("dead letter")

    event = models.ForeignKey(OutboxEvent, verbose_name=_("fact"), on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(_("handler"), max_length=200)
    subject = models.UUIDField(_("subject"))
    seq = models.BigIntegerField(_("sequence"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    error = models.TextField(_("error"), blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta(Model.Meta):
        verbose_name = _("delivery of a fact")
        verbose_name_plural = _("deliveries of facts")
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="delivery_by_due"),
            models.Index(fields=["due_at"], condition=models.Q(state="pending"), name="delivery_pending"),
            models.Index(
                fields=["handler", "subject", "seq"],
                condition=models.Q(state__in=["pending", "dead"]),
                name="delivery_in_order",
            ),
        ]
