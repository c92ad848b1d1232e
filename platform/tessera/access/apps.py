"""Access: the members of a tenant, their roles, and what those let them do."""

from importlib import import_module

from django.apps import AppConfig


class Access(AppConfig):
    name = "tessera.access"
    label = "access"

    def ready(self) -> None:
        for part in ("checks", "events", "permissions", "resources", "staleness"):
            import_module(f"{self.name}.{part}")
