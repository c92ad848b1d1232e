"""What was used beyond a plan, as it is reported to Stripe."""

from django.db import models
from tessera.fields import KeyField

from tenants.models import Tenant


class UsageReport(models.Model):
    """So many units more beyond what is included, in a month or, of storage, on a day; `sent_at` is when Stripe took them.

    Its key is the identifier under which Stripe counts it once. `serial` counts the reports of one meter and period.
    """

    id = KeyField()
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="usage_reports")
    meter = models.CharField(max_length=30)
    period = models.DateField()
    serial = models.PositiveIntegerField()
    units = models.PositiveBigIntegerField()
    counted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "meter", "period", "serial"], name="billing_usage_report_once"),
            models.CheckConstraint(condition=models.Q(units__gt=0), name="billing_usage_report_of_something"),
        ]
        indexes = [models.Index(fields=["counted_at"], condition=models.Q(sent_at=None), name="billing_usage_unsent")]

    def __str__(self) -> str:
        return f"{self.units} {self.meter} of {self.period}"
