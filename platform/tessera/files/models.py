"""Every stored file of a tenant has a row here, from the moment that it is announced."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import MemberKey
from tessera.models import Model, Record


class StoredFile(Record):
    """A file: announced with its size, which counts from then on, and received with its bytes.

    The bytes are the objects `parts`, one after the other, below `files/<key>/` (`tessera.files.storage`). A file goes
    when it `expires_at`; whoever takes it into use (`keep_file`) says how long it stays from then on, None for good.
    """

    class Purpose(models.TextChoices):
        ATTACHMENT = "attachment", _("attachment")
        BULK = "bulk", _("input of a bulk operation")
        RESULT = "result", _("result of a bulk operation")

    name = models.CharField(_("name"), max_length=255)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices, default=Purpose.ATTACHMENT)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("checksum"), max_length=64, blank=True)
    media_type = models.CharField(pgettext_lazy("file", "type"), max_length=100, blank=True)
    parts = models.JSONField(default=list, editable=False)
    owner = MemberKey(_("owner"), null=True, editable=False)
    received_at = models.DateTimeField(pgettext_lazy("file", "received"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, editable=False)
    in_use = models.BooleanField(_("in use"), default=False, editable=False)

    class Meta(Record.Meta):
        verbose_name = pgettext_lazy("bytes", "file")
        verbose_name_plural = pgettext_lazy("bytes", "files")
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="stored_file_size_not_negative"),
            models.CheckConstraint(
                condition=models.Q(received_at__isnull=True) | ~models.Q(media_type=""), name="stored_file_received_has_type"
            ),
            models.CheckConstraint(
                condition=models.Q(received_at__isnull=False) | models.Q(expires_at__isnull=False),
                name="stored_file_waiting_expires",
            ),
            models.CheckConstraint(
                condition=models.Q(in_use=True) | models.Q(expires_at__isnull=False), name="stored_file_unused_expires"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="stored_file_by_creation"),
            models.Index(fields=["expires_at"], name="stored_file_by_end", condition=models.Q(expires_at__isnull=False)),
            models.Index(fields=["owner", "id"], name="stored_file_by_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class StorageUse(Model):
    """The one row that counts the bytes of all files, announced ones included: what the quota is compared with."""

    audited = False

    bytes = models.BigIntegerField(default=0)
    only = models.BooleanField(default=True, editable=False)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["only"], name="storage_use_once"),
            models.CheckConstraint(condition=models.Q(only=True), name="storage_use_only"),
            models.CheckConstraint(condition=models.Q(bytes__gte=0), name="storage_use_not_negative"),
        ]
