"""The OAuth and OpenID Connect provider of the accounts host; its tables are public."""

from importlib import import_module

from django.apps import AppConfig


class OAuth(AppConfig):
    name = "tessera.accounts.oauth"
    label = "oauth"

    def ready(self) -> None:
        for part in ("resources", "checks"):
            import_module(f"{self.name}.{part}")
