"""Tenants: who our customers are, where their data is, what they have on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Tenants(AppConfig):
    name = "tenants"
    verbose_name = _("Companies")

    def ready(self) -> None:
        from django.db.models.signals import post_delete
        from django_tenants.signals import tenant_delete_callback

        from tenants import admin, resources  # noqa: F401 (register)

        post_delete.disconnect(tenant_delete_callback)  # it drops schemas, which we never do, and slows every deletion
