"""What a company chose on the page of prices before it signed up."""

from django.db import models
from tessera.fields import KeyField

from tenants.models import Tenant


class PlanChoice(models.Model):
    """The plan that a company came for: offered to it until it has bought something. Whether it is still sold is asked each time."""

    id = KeyField()
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="plan_choice")
    plan = models.CharField(max_length=255)
    interval = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    seats = models.PositiveIntegerField()
    additions = models.JSONField()
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(interval__in=["month", "year"]), name="billing_choice_interval"),
            models.CheckConstraint(condition=models.Q(seats__gt=0), name="billing_choice_has_seats"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} for {self.seats}"
