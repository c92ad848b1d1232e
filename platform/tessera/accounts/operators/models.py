"""What operators did, and the background work that failed: public, of no company."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.accounts.models import Account
from tessera.fields import KeyField


class OperatorAct(models.Model):
    """Something that an operator did to a company or to the platform; written with the deed, and never changed.

    `account` is null for the command line. `subject` names the record for people, `key` for programs; `details` is JSON.
    """

    id = KeyField()
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("account"))
    name = models.CharField(_("operator"), max_length=254)
    act = models.CharField(_("act"), max_length=100)
    subject = models.CharField(_("subject"), max_length=300)
    key = models.CharField(_("key"), max_length=255)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict)
    done_at = models.DateTimeField(_("done at"), auto_now_add=True)

    class Meta:
        verbose_name = _("act of an operator")
        verbose_name_plural = _("acts of operators")
        indexes = [models.Index(fields=["act", "key"], name="operator_act_by_key")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="operator_act_names_somebody"),
            models.CheckConstraint(
                condition=models.Q(account=None) | ~models.Q(reason=""), name="operator_act_of_a_person_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.act} {self.subject}"


class FailedJob(models.Model):
    """A background task that raised, one row for each task, company and kind of error; how often, and the last time."""

    id = KeyField()
    task = models.CharField(_("task"), max_length=200)
    tenant_id = models.UUIDField(_("company"), null=True)
    error = models.CharField(_("error"), max_length=200)
    message = models.CharField(_("message"), max_length=1000, blank=True)
    trace = models.TextField(_("traceback"), blank=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first time"))
    last_at = models.DateTimeField(_("last time"), db_index=True)

    class Meta:
        verbose_name = _("job that fails")
        verbose_name_plural = _("jobs that fail")
        constraints = [
            models.UniqueConstraint(fields=["task", "tenant_id", "error"], nulls_distinct=False, name="operator_failed_job_once")
        ]

    def __str__(self) -> str:
        return f"{self.task}: {self.error}"
