"""Billing: what a tenant pays for and may therefore switch on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Billing(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from billing import admin, checks, resources  # noqa: F401 (registers)
        from billing.catalogue import checks as catalogue_checks  # noqa: F401 (registers)
        from billing.metering import handlers  # noqa: F401 (registers)
