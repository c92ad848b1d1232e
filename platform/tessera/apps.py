"""The kernel as an app: its commands, its translations."""

from django.apps import AppConfig


class Tessera(AppConfig):
    name, label = "tessera", "tessera"

    def ready(self) -> None:
        from tessera.messages import compile_stale

        compile_stale()
