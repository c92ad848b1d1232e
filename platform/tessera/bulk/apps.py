"""Bulk operations: whole lists out and files of mutations in, as JSON lines, in the background."""

from django.apps import AppConfig


class Bulk(AppConfig):
    name = "tessera.bulk"
    label = "bulk"

    def ready(self) -> None:
        from tessera.bulk import resources  # noqa: F401
