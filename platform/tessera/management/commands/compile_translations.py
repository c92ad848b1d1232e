"""Compile the translations of all apps."""

from typing import Any

from django.core.management.base import BaseCommand

from tessera.translations import compile_translations


class Command(BaseCommand):
    help = "Compile the translations that changed, without gettext's own compiler."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path in compile_translations():
            self.stdout.write(str(path))
