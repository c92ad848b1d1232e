"""Facts, stored with the transaction that made them true, and their deliveries."""

from django.apps import AppConfig


class Outbox(AppConfig):
    name = "tessera.outbox"
    label = "outbox"

    def ready(self) -> None:
        from tessera.outbox import resources, services  # noqa: F401  (registers the finisher)
