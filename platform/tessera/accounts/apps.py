"""Accounts: who people are, everywhere; lives in the public schema."""

from importlib import import_module

from django.apps import AppConfig


class Accounts(AppConfig):
    name = "tessera.accounts"
    label = "accounts"

    def ready(self) -> None:
        import_module(f"{self.name}.handlers")
