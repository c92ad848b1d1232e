"""What was used in a month, and which of its limits were told."""

from django.db import models

from tessera.models import Model


class UsageCount(Model):
    """How much was used up of something in a month, which begins at `period` where the company is.

    `beyond` is what of it was beyond what was included when it was used, where that is paid.
    """

    audited = False

    meter = models.CharField(max_length=30)
    period = models.DateField()
    used = models.BigIntegerField()
    beyond = models.BigIntegerField(db_default=0)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["meter", "period"], name="usage_count_once"),
            models.CheckConstraint(
                condition=models.Q(beyond__gte=0, beyond__lte=models.F("used")), name="usage_count_beyond_is_used"
            ),
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
