"""What operators did, and which background work fails, as operators see it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tessera.accounts.models import Account
from tessera.accounts.operators.models import FailedJob, OperatorAct
from tessera.accounts.operators.site import Shown, site


@admin.register(OperatorAct, site=site)
class OperatorActAdmin(Shown):
    """The record of what operators did."""

    list_display = ("done_at", "name", "act", "subject", "reason")
    list_filter = ("act",)
    search_fields = ("name", "subject", "key")
    ordering = ("-done_at",)
    fields = ("done_at", "name", "act", "subject", "key", "reason", "details")


@admin.register(FailedJob, site=site)
class FailedJobAdmin(Shown):
    """Background tasks that raised."""

    list_display = ("last_at", "task", "tenant_id", "error", "times", "message")
    list_filter = ("task",)
    search_fields = ("task", "message", "tenant_id")
    ordering = ("-last_at",)
    fields = ("task", "tenant_id", "error", "message", "times", "first_at", "last_at", "trace")


@admin.register(Account, site=site)
class OperatorAccountAdmin(Shown):
    """The operators themselves; they are made by the command line alone."""

    list_display = ("email", "name", "rights", "last_login")
    search_fields = ("email", "name")
    ordering = ("email",)
    fields: ClassVar = ("email", "name", "rights", "is_active", "created_at", "last_login")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(is_staff=True)

    @admin.display(description=_("rights"))
    def rights(self, row: Account) -> str:
        return ", ".join(row.operator_rights)
