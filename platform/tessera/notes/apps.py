"""Comments, attachments and tags on any record."""

from django.apps import AppConfig


class Notes(AppConfig):
    name = "tessera.notes"
    label = "notes"

    def ready(self) -> None:
        from tessera.notes import events, forgetting, resources  # noqa: F401
