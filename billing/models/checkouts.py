"""Intents to buy: what a company was sent to Stripe's page to pay for."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import KeyField

from billing.models.customers import Customer


class Checkout(models.Model):
    """An intent to buy, of which a company has one at a time; its key names it at Stripe, and the subscription it becomes.

    `asked` is all that Stripe is asked for, so that a second asking is the same. `session` and `url` are Stripe's, empty until it
    has answered.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("checkout", "open")
        COMPLETE = "complete", _("complete")
        EXPIRED = "expired", _("expired")

    id = KeyField()
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="checkouts")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    asked = models.JSONField(_("asked"))
    asked_by = models.CharField(_("asked by"), max_length=200)
    asked_by_member = models.UUIDField(null=True)
    session = models.CharField(_("key at Stripe"), max_length=255, unique=True, null=True)
    url = models.TextField(blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("intent to buy")
        verbose_name_plural = _("intents to buy")
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=models.Q(state="open"), name="billing_checkout_one_open"),
            models.CheckConstraint(condition=models.Q(state__in=["open", "complete", "expired"]), name="billing_checkout_state"),
            models.CheckConstraint(
                condition=models.Q(session=None, url="") | (models.Q(session__isnull=False) & ~models.Q(url="")),
                name="billing_checkout_session_has_its_page",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.get_state_display()}"
