"""How much a company lets itself spend."""

from django.db import models
from tessera.fields import AmountField, KeyField

from tenants.models import Tenant


class SpendCap(models.Model):
    """The most that a company pays a month beside its plan, without tax: for bundles, modules and what it uses beyond the plan."""

    id = KeyField()
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="spend_cap")
    amount = AmountField()
    currency = models.CharField(max_length=3)
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount__gte=0), name="billing_cap_amount")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
