"""Tenants: who our customers are, where their data is, what they have on."""

from django.apps import AppConfig


class Tenants(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import resources  # noqa: F401 (registers)
