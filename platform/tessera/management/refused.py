"""Commands of libraries that would go around the installer and the guard: each is refused and names what to use."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class RefusedCommand(BaseCommand):
    """Refuse, whatever the arguments."""

    requires_system_checks: list[str] = []
    instead = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.help = f"Not used here: {self.instead}"

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave out options that are the library's own; only --help means something."""
        super().run_from_argv([*argv[:2], *(each for each in argv[2:] if each in ("-h", "--help"))])

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(self.help)
