"""What a tenant may use, as it was last worked out and told to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.fields import KeyField

from tenants.models import Tenant


class Entitlement(models.Model):
    """The outcome of the reducer for a tenant; one without a row is in its trial.

    `recheck_at` is when time alone may change it, `version` counts its changes. `is_withheld` says that billing closed the
    tenant, so that billing may open it: what an operator closed stays closed, whatever is paid.
    """

    class Access(models.TextChoices):
        FULL = "full", _("full")
        READ_ONLY = "read_only", _("read only")
        SUSPENDED = "suspended", _("suspended")
        ARCHIVED = "archived", _("archived")

    id = KeyField()
    tenant = models.OneToOneField(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="entitlement")
    access = models.CharField(_("access"), max_length=9, choices=Access.choices)
    modules = models.JSONField()
    bought = models.JSONField()
    seats = models.PositiveIntegerField(_("seats"), null=True)
    quotas = models.JSONField(_("quotas"))
    notice = models.CharField(_("notice"), max_length=30, blank=True)
    trace = models.JSONField()
    catalogue = models.PositiveIntegerField(_("catalogue"))  # the version of the catalogue that it follows from
    version = models.PositiveBigIntegerField(_("version"), default=0)
    is_withheld = models.BooleanField(_("closed by billing"), default=False)
    recheck_at = models.DateTimeField(_("worked out again at"), null=True, db_index=True)
    act_at = models.DateTimeField(
        _("acted on at"), null=True, db_index=True
    )  # when somebody is to be told something, or its end goes on
    changed_at = models.DateTimeField(_("changed at"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(access__in=["full", "read_only", "suspended", "archived"]), name="billing_entitlement_access"
            ),
            models.CheckConstraint(
                condition=models.Q(is_withheld=False) | models.Q(access__in=["suspended", "archived"]),
                name="billing_entitlement_withheld_is_suspended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant}: {self.get_access_display()}"


class Setback(models.Model):
    """What a tenant may use could not be worked out: why, how often in a row, and when it is tried again. It goes when it could."""

    id = KeyField()
    tenant = models.OneToOneField(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="setback")
    why = models.CharField(_("reason"), max_length=1000)
    attempts = models.PositiveIntegerField(_("tries"), default=1)
    since = models.DateTimeField(_("since"))
    again_at = models.DateTimeField(_("tried again at"))

    class Meta:
        verbose_name = _("setback")
        verbose_name_plural = _("setbacks: what could not be worked out")
        constraints = [models.CheckConstraint(condition=~models.Q(why=""), name="billing_setback_says_why")]

    def __str__(self) -> str:
        return self.why
