"""The letters about billing, and the end of a company that was archived."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.fields import KeyField

from tenants.models import Tenant, TenantExport


class Letter(models.Model):
    """A letter to those who answer for a company's bills: of a kind and about one matter there is one.

    The row comes first and is sent afterwards, under a message id made of its key: a second sending after a kill is known as the
    same letter. `recipients` are those of the moment it was written.
    """

    class Kind(models.TextChoices):
        TRIAL_ENDS = "trial_ends", _("the trial ends")
        TRIAL_OVER = "trial_over", _("the trial is over")
        SUSPENDS = "suspends", _("it will be suspended")
        ARCHIVES = "archives", _("it will be archived")
        DELETES = "deletes", _("it will be deleted")
        DELETED = "deleted", _("it was deleted")
        LIMIT = "limit", _("a limit is near")
        SPEND = "spend", _("the spend cap is near")

    id = KeyField()
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="billing_letters")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    about = models.CharField(max_length=100)  # which trial's end, which limit in which month
    shown = models.JSONField()
    recipients = models.JSONField()
    written_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "about"], name="billing_letter_once")]
        indexes = [models.Index(fields=["written_at"], condition=models.Q(sent_at=None), name="billing_letter_unsent")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}"


class Closing(models.Model):
    """The way of an archived company to its end: exported first, then told the day, then deleted.

    `owners` are those who may fetch the export, also when nothing else is left: addresses by account. It goes when the company comes back.
    """

    id = KeyField()
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="closing")
    archived_at = models.DateTimeField()
    owners = models.JSONField()
    export = models.ForeignKey(TenantExport, on_delete=models.PROTECT, null=True, related_name="+")
    delete_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(delete_at=None) | models.Q(export__isnull=False), name="billing_closing_exports_first"
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at=None) | models.Q(delete_at__isnull=False), name="billing_closing_tells_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}: archived {self.archived_at}"
