"""The truth about which modules a tenant has."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.models import Record


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
