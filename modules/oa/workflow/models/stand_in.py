"""Who stands in for whom."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, Record


class Days(Func):
    """The range of days from the first to the last, both included."""

    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"


class Delegation(Record):
    """From one day to another (both included) the tasks of `member` go to `deputy`; one deputy at a time."""

    member = MemberKey(_("member"))
    deputy = MemberKey(_("deputy"))
    starts_on = models.DateField(pgettext_lazy("delegation", "from"))
    ends_on = models.DateField(pgettext_lazy("delegation", "to"))
    note = models.CharField(_("note"), max_length=400, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="delegation_in_order"),
            models.CheckConstraint(condition=~Q(member=F("deputy")), name="delegation_to_another"),
            ExclusionConstraint(
                name="delegations_apart",
                expressions=[("member", RangeOperators.EQUAL), (Days("starts_on", "ends_on"), RangeOperators.OVERLAPS)],
                violation_error_message=_("Somebody else stands in on these days already."),
            ),
        ]
        indexes = [models.Index(fields=["starts_on", "id"], name="delegation_by_start")]
