"""Billing: what a tenant pays for and may therefore switch on."""

from django.apps import AppConfig


class Billing(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing.catalogue import checks  # noqa: F401 (registers)
