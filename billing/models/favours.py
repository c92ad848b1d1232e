"""What an operator gives a tenant beside what it pays for."""

from django.db import models
from tessera.fields import KeyField

from tenants.models import Tenant


class ModuleGrant(models.Model):
    """A module that is given to a tenant until a moment, or for good."""

    id = KeyField()
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="module_grants")
    module = models.CharField(max_length=60)
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)
    given_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="billing_grant_says_why")]

    def __str__(self) -> str:
        return f"{self.module}: {self.reason}"


class TrialExtension(models.Model):
    """A trial that lasts longer than trials do."""

    id = KeyField()
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="trial_extension")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    given_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="billing_extension_says_why")]

    def __str__(self) -> str:
        return self.reason
