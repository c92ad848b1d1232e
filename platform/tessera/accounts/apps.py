"""Accounts: who people are, everywhere; lives in the public schema."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Accounts(AppConfig):
    name = "tessera.accounts"
    label = "accounts"
    verbose_name = _("Accounts of people")

    def ready(self) -> None:
        import_module(f"{self.name}.handlers")
