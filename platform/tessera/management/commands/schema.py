"""Keep the published schemas equal to what the code says."""

from difflib import unified_diff
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tessera.graph.sdl import module_sets, sdl

FOLDER = settings.ROOT / "frontend_api" / "schema"
LINES = 60


class Command(BaseCommand):
    """Write the schema files, or compare them with what would be written."""

    help = "Write frontend_api/schema/*.graphql (--write, the default) or fail with a diff (--check)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--check", action="store_true", help="fail with a diff where a file differs from the code")
        which.add_argument("--write", action="store_true", help="write all files (the default)")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        wanted = {f"{name}.graphql": sdl(labels) for name, labels in module_sets().items()}
        kept = {file.name: file.read_text() for file in FOLDER.glob("*.graphql")}
        if check:
            self._compare(kept, wanted)
            return
        FOLDER.mkdir(exist_ok=True)
        for name in kept.keys() - wanted.keys():
            (FOLDER / name).unlink()
        for name, text in wanted.items():
            (FOLDER / name).write_text(text)
        self.stdout.write(f"{len(wanted)} schemas written to {FOLDER.relative_to(settings.ROOT)}")

    def _compare(self, kept: dict[str, str], wanted: dict[str, str]) -> None:
        differing = sorted(name for name in kept.keys() | wanted.keys() if kept.get(name) != wanted.get(name))
        for name in differing:
            before, after = kept.get(name, "").splitlines(), wanted.get(name, "").splitlines()
            diff = list(unified_diff(before, after, f"{name} (kept)", f"{name} (code)", lineterm="", n=1))
            self.stderr.write("\n".join(diff[:LINES]) + (f"\n... {len(diff) - LINES} more lines" if len(diff) > LINES else ""))
        if differing:
            raise CommandError(
                f"{', '.join(differing)} differ from the code: run `manage.py schema --write` and look at the diff"
            )
        self.stdout.write(f"{len(wanted)} schemas are as the code says")
