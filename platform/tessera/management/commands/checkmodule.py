"""Check a module against the contract."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandError

from tessera.db.scripts import CannotReplay, scripts_for
from tessera.module import closure, modules


class Command(BaseCommand):
    help = "Check an installed module against what every module has to hold, and print the list."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("label", help="the module's name")

    def handle(self, *args: Any, label: str, **options: Any) -> None:
        if label not in modules():
            raise CommandError(f"no module {label} is installed; installed are: {', '.join(modules())}")
        failed = 0
        for says, problems in demands_on(label):
            found = list(dict.fromkeys(problems))
            failed += bool(found)
            self.stdout.write(f"{'no ' if found else 'ok '} {says}")
            for problem in found:
                self.stdout.write(f"      {problem}")
        if failed:
            raise CommandError(f"{label} does not hold {failed} of the demands above")
        self.stdout.write(f"{label} holds everything; its own tests run with: pytest --pyargs {modules()[label].name}")


def demands_on(label: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield each demand of the contract with what does not meet it."""
    yield "Django and the kernel find no fault in its models.", faults_of(label)
    yield "Its migrations can be recorded once and replayed in every tenant.", unplayable(label)
    parts = import_module("tessera.testing.contract.parts")
    import_module("tessera.testing.contract")
    part = parts.part_of(label)
    for check in parts.CHECKS:
        yield check.says, check.find(part)


def faults_of(label: str) -> Iterator[str]:
    """Yield what the system checks say of the module."""
    for message in run_checks(app_configs=[apps.get_app_config(label)]):
        if message.is_serious() and f"{label}." in str(message):
            yield str(message)


def unplayable(label: str) -> Iterator[str]:
    """Yield why the module's tables cannot be made in a tenant."""
    try:
        scripts_for(closure([label]))
    except CannotReplay as error:
        yield str(error)
