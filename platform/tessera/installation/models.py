"""The truth about which modules a tenant has, and what was kept of those it had."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.fields import MemberKey
from tessera.models import Model, Record


class InstalledModule(Record):
    """One module in this tenant, written in the same transaction as its tables."""

    class State(models.TextChoices):
        ON = "on", _("on")
        OFF = "off", _("off")

    label = models.CharField(max_length=60)
    module_version = models.CharField(max_length=30)
    fingerprint = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    settings = models.JSONField(default=dict, blank=True)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["label"], name="installed_module_once")]


class ModuleArchive(Model):
    """A file with all that a module held: `content` is a digest of the rows alone, `sha256` that of the file.

    Whoever typed the checksum has the file: `confirmed_at` lets go of what the law wants to be kept.
    """

    label = models.CharField(max_length=60)
    module_version = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    size = models.BigIntegerField()
    rows = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.CharField(max_length=64)
    purged = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = MemberKey(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = MemberKey(null=True)

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["name"], name="module_archive_once")]
        indexes = [models.Index(fields=["label", "sha256"], name="module_archive_by_checksum")]
