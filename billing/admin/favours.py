"""What companies were given beside what they pay for; it is given on the page of the company."""

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from tessera.accounts.operators.services import Operator
from tessera.accounts.operators.site import Act, Shown, site

from billing.models import ModuleGrant, TrialExtension
from billing.services.favours import FAVOUR_GRANT, end_module_grant


def _end(row: ModuleGrant, by: Operator, *, reason: str) -> None:
    end_module_grant(grant=row, reason=reason, by=by)


def _goes_on(row: ModuleGrant) -> bool:
    return row.until is None or row.until > timezone.now()


@admin.register(ModuleGrant, site=site)
class ModuleGrantAdmin(Shown):
    """Modules that were given."""

    acts = (Act("end", _("End it now"), FAVOUR_GRANT, _end, may=_goes_on),)
    list_display = ("tenant", "module", "until", "reason", "given_by", "created_at")
    list_filter = ("module",)
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name", "reason", "given_by")
    ordering = ("-created_at",)
    fields = ("tenant", "module", "until", "reason", "given_by", "created_at")


@admin.register(TrialExtension, site=site)
class TrialExtensionAdmin(Shown):
    """Trials that last longer."""

    list_display = ("tenant", "until", "reason", "given_by", "created_at")
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name", "reason", "given_by")
    ordering = ("-created_at",)
    fields = ("tenant", "until", "reason", "given_by", "created_at")
