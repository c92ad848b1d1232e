"""Begin a module."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tessera.scaffold import CannotStart, start_module


class Command(BaseCommand):
    help = "Write the package of a new module: a manifest, a table, a service, a fact, a resource and tests."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("label", help="the module's name, such as fleet")
        parser.add_argument("noun", help="its first noun in CamelCase, such as Vehicle")
        parser.add_argument("--vendor", default="", help="the prefix of the partner whose module it is, such as acme")
        parser.add_argument("--into", type=Path, default=Path(), help="the folder to write to (default: here)")

    def handle(self, *args: Any, label: str, noun: str, vendor: str, into: Path, **options: Any) -> None:
        try:
            written = start_module(label, noun, into, vendor)
        except CannotStart as error:
            raise CommandError(str(error)) from error
        for path in written:
            self.stdout.write(str(path))
        install = f"python -m uv pip install --no-deps --no-build-isolation -e {into / label}"
        self.stdout.write(f"Next: {install} && python manage.py checkmodule {label}")
