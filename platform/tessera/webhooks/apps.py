"""Webhooks: facts told to programs of others, over HTTP."""

from importlib import import_module

from django.apps import AppConfig


class Webhooks(AppConfig):
    name = "tessera.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        for part in ("telling", "relaying", "events", "handlers", "resources", "tasks"):
            import_module(f"{self.name}.{part}")
