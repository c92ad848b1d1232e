"""What a company had us tell Stripe to do."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import KeyField

from billing.models.customers import Customer


class Instruction(models.Model):
    """A change that a company asked of Stripe through us, and who asked; its key makes the call to Stripe one that happens once.

    One of an act is open at a time: asked for again, it is taken up and not made anew. `subject` is what it is about, such as
    the preview that a change was shown by, which is never carried out twice.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("instruction", "open")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        DROPPED = "dropped", _("dropped")  # another one took its place before anything was heard of it

    id = KeyField()
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="instructions")
    act = models.CharField(_("act"), max_length=30)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    asked = models.JSONField(_("asked"))
    asked_by = models.CharField(_("asked by"), max_length=200)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    why = models.CharField(_("reason"), max_length=1000, blank=True)  # it was refused
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("instruction to Stripe")
        verbose_name_plural = _("instructions to Stripe")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "act"], condition=models.Q(state="open"), name="billing_instruction_one_open"
            ),
            models.UniqueConstraint(
                fields=["customer", "subject"],
                condition=models.Q(state="done", act="change"),
                name="billing_instruction_one_change_a_preview",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", ended_at=None)
                | models.Q(state__in=["done", "refused", "dropped"], ended_at__isnull=False),
                name="billing_instruction_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act}: {self.state}"
