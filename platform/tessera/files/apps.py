"""The files of a tenant: announced, brought, kept and counted in one place."""

from django.apps import AppConfig


class Files(AppConfig):
    name = "tessera.files"
    label = "files"

    def ready(self) -> None:
        from tessera.files import resources  # noqa: F401
