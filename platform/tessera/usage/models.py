"""What was used in a month, and which of its limits were told."""

from django.db import models

from tessera.models import Model


class UsageCount(Model):
    """How much was used up of something in a month, which begins at `period` where the company is."""

    audited = False

    meter = models.CharField(max_length=30)
    period = models.DateField()
    used = models.BigIntegerField()

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["meter", "period"], name="usage_count_once"),
            models.CheckConstraint(condition=models.Q(used__gte=0), name="usage_count_not_negative"),
        ]


class UsageWarning(Model):
    """Most of a limit, or all of it, was reached in a month: it is told once."""

    audited = False

    meter = models.CharField(max_length=30)
    period = models.DateField()
    percent = models.PositiveSmallIntegerField()
    used = models.BigIntegerField()
    included = models.BigIntegerField()

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["meter", "period", "percent"], name="usage_warning_once")]
