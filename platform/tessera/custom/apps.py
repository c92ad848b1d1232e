"""Custom fields on any record."""

from django.apps import AppConfig


class Custom(AppConfig):
    name = "tessera.custom"
    label = "custom"

    def ready(self) -> None:
        from tessera.custom import forgetting, resources  # noqa: F401
