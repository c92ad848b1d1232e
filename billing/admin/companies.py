"""Companies with what billing knows of them, and the favours that they may be given."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime, make_aware
from django.utils.translation import gettext_lazy as _
from tessera.accounts.operators.services import Operator
from tessera.accounts.operators.site import Act, ReasonForm, site
from tessera.module import modules

from billing.catalogue.offers import Kind
from billing.catalogue.selectors import catalogue
from billing.models import Subscription, SubscriptionItem
from billing.services.favours import FAVOUR_GRANT, extend_trial, grant_module
from tenants.admin import TenantAdmin
from tenants.models import Tenant


def module_choices() -> list[tuple[str, str]]:
    """Return the modules that can be given."""
    return [(label, f"{module.title} ({label})") for label, module in modules().items() if not module.always_on]


def end_of(day: Any) -> datetime:
    """Return the end of a day of UTC, which the pages of operators are in."""
    return make_aware(datetime.combine(day, datetime.min.time()) + timedelta(days=1))


class GrantForm(ReasonForm):
    """Which module, and until when."""

    module = forms.ChoiceField(label=_("Module"), choices=module_choices)
    until = forms.DateField(
        label=_("Until and with"), required=False, widget=AdminDateWidget, help_text=_("Empty: for good. A day of UTC.")
    )
    field_order = ("module", "until", "reason")


class TrialForm(ReasonForm):
    """How long the trial lasts."""

    until = forms.DateField(label=_("Until and with"), widget=AdminDateWidget, help_text=_("A day of UTC."))
    field_order = ("until", "reason")


def _grant(row: Tenant, by: Operator, *, module: str, until: Any, reason: str) -> None:
    grant_module(tenant=row, module=module, until=end_of(until) if until else None, reason=reason, by=by)


def _extend(row: Tenant, by: Operator, *, until: Any, reason: str) -> None:
    extend_trial(tenant=row, until=end_of(until), reason=reason, by=by)


def _is_there(row: Tenant) -> bool:
    return row.state != Tenant.State.DELETED


class CompanyAdmin(TenantAdmin):
    """Companies with their plan and the end of their trial."""

    acts = (
        Act("grant", _("Give a module"), FAVOUR_GRANT, _grant, GrantForm, _is_there),
        Act("extend", _("Extend the trial"), FAVOUR_GRANT, _extend, TrialForm, _is_there),
    )
    list_display = (*("__str__", "standing", "owner", "plan", "trial_end", "tier", "modules_on", "failed", "created_at"),)
    fields = (*TenantAdmin.fields[:5], "plan", "trial_end", *TenantAdmin.fields[5:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Return companies with the plan that they are subscribed to; of several the oldest."""
        over = (*Subscription.OVER, Subscription.Status.INCOMPLETE)
        items = SubscriptionItem.objects.filter(
            subscription__customer__tenant=OuterRef("pk"), product__startswith=f"{Kind.PLAN}."
        ).exclude(subscription__status__in=over)
        first = items.order_by("subscription__created", "pk")
        return (
            super()
            .get_queryset(request)
            .select_related("trial_extension")
            .annotate(
                plan_key=Subquery(first.values("product")[:1]), plan_state=Subquery(first.values("subscription__status")[:1])
            )
        )

    @admin.display(description=_("plan"), ordering="plan_key")
    def plan(self, row: Any) -> str:
        if not row.plan_key:
            return ""
        offer = catalogue().by_key.get(row.plan_key)
        return f"{offer.title if offer else row.plan_key} ({Subscription.Status(row.plan_state).label})"

    @admin.display(description=_("trial until"))
    def trial_end(self, row: Tenant) -> str:
        extension = getattr(row, "trial_extension", None)
        end = extension.until if extension else row.created_at + timedelta(days=catalogue().trial_days)
        return date_format(localtime(end), "DATETIME_FORMAT")


site.unregister(Tenant)
site.register(Tenant, CompanyAdmin)
