"""The feed of changes; it has no table of its own."""

from django.apps import AppConfig


class Changes(AppConfig):
    name = "tessera.changes"
    label = "changes"

    def ready(self) -> None:
        from tessera.changes import hints, resources  # noqa: F401  (hints register the finisher)
