"""What an operator gives a tenant beside what it pays for."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.fields import KeyField

from tenants.models import Tenant


class ModuleGrant(models.Model):
    """A module that is given to a tenant until a moment, or for good."""

    id = KeyField()
    tenant = models.ForeignKey(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="module_grants")
    module = models.CharField(_("module"), max_length=60)
    until = models.DateTimeField(_("until"), null=True)
    reason = models.CharField(_("reason"), max_length=300)
    given_by = models.CharField(_("given by"), max_length=200)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("module given")
        verbose_name_plural = _("modules given")
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="billing_grant_says_why")]

    def __str__(self) -> str:
        return f"{self.module}: {self.reason}"


class TrialExtension(models.Model):
    """A trial that lasts longer than trials do."""

    id = KeyField()
    tenant = models.OneToOneField(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="trial_extension")
    until = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=300)
    given_by = models.CharField(_("given by"), max_length=200)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("longer trial")
        verbose_name_plural = _("longer trials")
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="billing_extension_says_why")]

    def __str__(self) -> str:
        return self.reason
