"""The inbox: what Stripe told, each event once."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import KeyField


class ClockTimestamp(models.Func):
    """The moment of the statement: `now()` is that of the transaction's begin."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class StripeEvent(models.Model):
    """An event of Stripe's, kept before anything is made of it; `due_at` is when it is taken up, again.

    `received_at` and `Customer.folded_at` are by the database's clock, so that they can be compared. `payload` is null once its
    time was over (see `billing.events.forgetting`): the row stays, so that the same event is known when it comes again.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        QUARANTINED = "quarantined", _("quarantined")

    class Source(models.TextChoices):
        WEBHOOK = "webhook", _("webhook")
        RECONCILER = "reconciler", _("reconciler")

    id = KeyField()
    event_id = models.CharField(_("event"), max_length=255, unique=True)
    type = models.CharField(_("kind"), max_length=100)
    api_version = models.CharField(_("version of the API"), max_length=60, blank=True)
    livemode = models.BooleanField(_("real money"))
    customer = models.CharField(_("customer"), max_length=255, blank=True)  # Stripe's key, empty for what is about none
    payload = models.JSONField(null=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.WEBHOOK)
    state = models.CharField(_("state"), max_length=11, choices=State.choices, default=State.RECEIVED)
    why = models.CharField(_("reason"), max_length=1000, blank=True)  # it is in quarantine, or failed last time
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    created = models.DateTimeField(_("made at"))
    received_at = models.DateTimeField(_("received at"), db_default=ClockTimestamp())
    due_at = models.DateTimeField(pgettext_lazy("event", "due at"), default=timezone.now)
    done_at = models.DateTimeField(_("done at"), null=True)
    forgotten_at = models.DateTimeField(_("forgotten at"), null=True)

    class Meta:
        verbose_name = _("event of Stripe")
        verbose_name_plural = _("events of Stripe")
        constraints = [
            models.CheckConstraint(condition=models.Q(event_id__startswith="evt_"), name="billing_event_key"),
            models.CheckConstraint(
                condition=models.Q(state="done", done_at__isnull=False)
                | models.Q(state__in=["received", "quarantined"], done_at=None),
                name="billing_event_state",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="quarantined") | ~models.Q(why=""), name="billing_event_quarantine_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(payload__isnull=False, forgotten_at=None)
                | (models.Q(payload__isnull=True, forgotten_at__isnull=False) & ~models.Q(state="received")),
                name="billing_event_forgotten_is_over",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="received"), name="billing_event_due"),
            models.Index(fields=["received_at"], condition=models.Q(state="quarantined"), name="billing_event_quarantined"),
            models.Index(fields=["done_at"], condition=models.Q(state="done", forgotten_at=None), name="billing_event_to_forget"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.type}"


class QuarantinedEvent(StripeEvent):
    """An event of the quarantine, as operators list it."""

    class Meta:
        proxy = True
        verbose_name = _("event in quarantine")
        verbose_name_plural = _("quarantine")
