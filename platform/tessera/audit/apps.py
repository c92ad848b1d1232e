"""The audit of every write."""

from django.apps import AppConfig


class Audit(AppConfig):
    name = "tessera.audit"
    label = "audit"

    def ready(self) -> None:
        from tessera.audit import resources, services  # noqa: F401  (services register the finisher)
