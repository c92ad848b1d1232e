"""Number series of documents."""

from django.apps import AppConfig


class Numbering(AppConfig):
    name = "tessera.numbering"
    label = "numbering"

    def ready(self) -> None:
        from tessera.numbering import resources  # noqa: F401  (registers)
