"""What companies may use and why, and where that could not be worked out."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from tessera.accounts.operators.site import Shown, site
from tessera.module import modules

from billing.entitlements.explaining import said
from billing.models import Entitlement, Setback
from billing.reducer import Cause, Reason


@admin.register(Entitlement, site=site)
class EntitlementAdmin(Shown):
    """Entitlements with each verdict's reasons in words."""

    list_display = ("tenant", "access", "notice", "seats", "version", "recheck_at", "act_at", "changed_at")
    list_filter = ("access", "notice", "is_withheld")
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name")
    ordering = ("-changed_at",)
    fields = (
        *("tenant", "access", "notice", "explanation", "seats", "quotas", "is_withheld", "recheck_at", "act_at"),
        *("version", "catalogue", "changed_at"),
    )

    @admin.display(description=_("why"))
    def explanation(self, row: Entitlement) -> Any:
        """Return the reasons as they were kept with the verdict: of the account first, then of each module."""
        reasons = [
            Reason(module=module, is_given=is_given, cause=Cause(cause), source=source, product=product)
            for module, is_given, cause, source, product in row.trace
        ]
        known = modules()
        lines = format_html_join(
            "",
            "<li><strong>{} {}</strong> {}</li>",
            (
                ("✓" if each.is_given else "✗", _title(each.module, known) if each.module else _("The company"), said(each))
                for each in sorted(reasons, key=lambda each: bool(each.module))
            ),
        )
        return format_html('<ul class="reasons">{}</ul>', lines)


def _title(label: str, known: Any) -> str:
    return str(known[label].title) if label in known else label


@admin.register(Setback, site=site)
class SetbackAdmin(Shown):
    """Companies whose entitlement could not be worked out."""

    list_display = ("tenant", "why", "attempts", "since", "again_at")
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name", "why")
    ordering = ("-again_at",)
    fields = ("tenant", "why", "attempts", "since", "again_at")
