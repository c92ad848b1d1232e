"""Import and export of a tenant's records."""

from django.apps import AppConfig


class Exchange(AppConfig):
    name = "tessera.exchange"
    label = "exchange"

    def ready(self) -> None:
        from tessera.exchange import resources  # noqa: F401
