"""The document graph: line links, revisions and holds."""

from django.apps import AppConfig


class Lineage(AppConfig):
    name = "tessera.lineage"
    label = "lineage"

    def ready(self) -> None:
        from tessera.lineage import resources  # noqa: F401  (declares the report)
