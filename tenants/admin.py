"""Companies and what is switched on in them, as operators see them."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from tessera.accounts.models import Membership
from tessera.accounts.operators.site import Shown, site
from tessera.context import enter, system
from tessera.outbox.models import Delivery

from tenants.directory import SERVED
from tenants.models import Installation, SignUp, Tenant, TenantExport

DEAD_SHOWN = 20
WITH_TABLES = (Tenant.State.ACTIVE, Tenant.State.SUSPENDED, Tenant.State.FENCED)


class TenantAdmin(Shown):
    """Companies; all that a row of the list shows comes with the statement of the list."""

    list_display: tuple[Any, ...] = ("__str__", "standing", "owner", "tier", "modules_on", "failed", "created_at")
    list_filter: tuple[Any, ...] = ("state", "access", "tier", "language")
    search_fields = ("name", "slug", "id")
    ordering = ("-created_at",)
    fields: tuple[Any, ...] = (
        *("name", "slug", "state", "access", "owner", "tier", "language", "time_zone", "schema", "created_at", "deleted_at"),
        *("modules_of", "failures", "dead_letters"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Return companies with their owner, the modules that are on, and how many switchings failed."""
        owner = Membership.objects.filter(tenant_id=OuterRef("pk"), is_owner=True).values("account__email")[:1]
        rows = Installation.objects.filter(tenant=OuterRef("pk")).order_by().values("tenant")
        on = rows.filter(state__in=SERVED).values(found=StringAgg("module", ", ", ordering="module"))
        failed = rows.filter(state=Installation.State.FAILED).values(found=Count("pk"))
        return super().get_queryset(request).annotate(owned_by=Subquery(owner), on=Subquery(on), broken=Subquery(failed))

    @admin.display(description=_("owned by"), ordering="owned_by")
    def owner(self, row: Any) -> str:
        return row.owned_by or ""

    @admin.display(description=_("state"), ordering="state")
    def standing(self, row: Tenant) -> str:
        """Return the state, and how far one that is active may be used."""
        state = row.get_state_display()
        return state if row.state != Tenant.State.ACTIVE else f"{state} ({row.get_access_display()})"

    @admin.display(description=_("database schema"))
    def schema(self, row: Tenant) -> str:
        return row.schema_name

    @admin.display(description=_("modules on"))
    def modules_on(self, row: Any) -> int:
        return len(row.on.split(", ")) if row.on else 0

    @admin.display(description=_("failed"), ordering="broken")
    def failed(self, row: Any) -> int:
        return row.broken or 0

    @admin.display(description=_("modules on"))
    def modules_of(self, row: Any) -> str:
        return row.on or ""

    @admin.display(description=_("switchings that failed"))
    def failures(self, row: Tenant) -> str:
        found = row.installations.filter(state=Installation.State.FAILED).order_by("module")
        return "\n".join(f"{each.module}: {each.why}" for each in found) or str(_("none"))

    @admin.display(description=_("dead letters"))
    def dead_letters(self, row: Tenant) -> str:
        """Name the facts that a handler could not take; they are in the company's own schema."""
        if row.state not in WITH_TABLES:
            return ""
        with enter(row.ref(), actor=system("operators"), modules=frozenset()):
            found = list(Delivery.objects.filter(state=Delivery.State.DEAD).select_related("event").order_by("-pk")[:DEAD_SHOWN])
        return "\n".join(f"{each.event.name} → {each.handler}: {each.error}" for each in found) or str(_("none"))


site.register(Tenant, TenantAdmin)


@admin.register(Installation, site=site)
class InstallationAdmin(Shown):
    """Modules of companies, above all those that could not be switched."""

    list_display = ("tenant", "module", "state", "since", "version", "why")
    list_filter = ("state", "module")
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name", "module")
    ordering = ("-since",)
    fields = ("tenant", "module", "state", "requested", "version", "since", "why", "asked_by_name")


@admin.register(TenantExport, site=site)
class TenantExportAdmin(Shown):
    """Exports of companies."""

    list_display = ("tenant", "state", "begun_at", "finished_at", "rows", "files", "why")
    list_filter = ("state",)
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name")
    ordering = ("-begun_at",)
    fields = ("tenant", "state", "name", "sha256", "size", "rows", "files", "begun_at", "finished_at", "why")


@admin.register(SignUp, site=site)
class SignUpAdmin(Shown):
    """Sign-ups that are on their way; who has confirmed and is not done is stuck."""

    list_display = ("company", "slug", "email", "state", "created_at")
    list_filter = ("state",)
    search_fields = ("company", "slug", "email")
    ordering = ("-created_at",)
    fields = ("company", "slug", "email", "modules", "language", "state", "tenant", "created_at")
