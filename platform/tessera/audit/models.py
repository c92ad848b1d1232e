"""Who wrote what: one row per changed record and unit of work."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.fields import MemberKey, TransactionField
from tessera.models import Model


class AuditEntry(Model):
    """One write to one record: its values before and after, by whom, in which request.

    Its transaction makes it an entry of the feed of changes as well; see `tessera.changes`.
    """

    audited = False

    label = models.CharField(max_length=100)
    record = models.UUIDField()
    verb = models.CharField(max_length=10)
    actor_kind = models.CharField(max_length=10)
    actor = MemberKey(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    request = models.UUIDField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(auto_now_add=True)
    transaction = TransactionField()

    class Meta(Model.Meta):
        verbose_name = _("change in the audit")
        verbose_name_plural = _("audit")
        indexes = [
            models.Index(fields=["label", "record", "id"], name="audit_by_record"),
            models.Index(fields=["transaction", "id"], name="audit_by_transaction"),
        ]
