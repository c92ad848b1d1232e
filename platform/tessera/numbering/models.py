"""Series of numbers, one per scope, and the numbers that were voided."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.models import Model


class NumberSeries(Model):
    """The counter of one scope: kind, company, journal or voucher word, year or month, in any mix."""

    audited = False

    scope = models.CharField(max_length=200)
    pattern = models.CharField(max_length=80)
    last = models.BigIntegerField(default=0)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["scope"], name="number_series_once"),
            models.CheckConstraint(condition=models.Q(last__gte=0), name="number_series_counts_up"),
        ]


class VoidedNumber(Model):
    """A number that was given and is void: kept with its reason and the record that carries it, never given again."""

    scope = models.CharField(max_length=200)
    number = models.CharField(max_length=80)
    reason = models.CharField(max_length=400)
    label = models.CharField(max_length=100, blank=True)
    record = models.UUIDField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("voided number")
        verbose_name_plural = _("voided numbers")
        constraints = [models.UniqueConstraint(fields=["scope", "number"], name="voided_number_once")]
        indexes = [
            models.Index(fields=["label", "record"], name="voided_number_by_record"),
            models.Index(fields=["recorded_at", "id"], name="voided_number_by_time"),
        ]
