"""Keep the published schemas equal to what the code says, and apps of the last release working."""

from difflib import unified_diff
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tessera.graph.evolution import broken_by, untold
from tessera.graph.sdl import module_sets, sdl

FOLDER = settings.ROOT / "frontend_api" / "schema"
RELEASED = FOLDER / "released" / "full.graphql"  # the sets of modules are parts of it
FRAGMENTS = settings.ROOT / "changes"
LINES = 60


class Command(BaseCommand):
    """Write the schema files, or compare them with what would be written and with the last release."""

    help = (
        "Write frontend_api/schema/*.graphql (--write, the default), or fail with a diff (--check): also where the schema breaks "
        "apps built from the last release and no line `- Breaking: ...` in changes/ names the place. "
        "--release keeps the schema as the one that is released."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--check", action="store_true", help="fail where a file differs from the code, or breaks untold")
        which.add_argument("--write", action="store_true", help="write all files (the default)")
        which.add_argument("--release", action="store_true", help="keep the full schema as that of the release being made")

    def handle(self, *args: Any, check: bool, release: bool, **options: Any) -> None:
        wanted = {f"{name}.graphql": sdl(labels) for name, labels in module_sets().items()}
        if check:
            self._compare(wanted)
            self._released(wanted["full.graphql"])
        elif release:
            RELEASED.parent.mkdir(parents=True, exist_ok=True)
            RELEASED.write_text(wanted["full.graphql"])
            self.stdout.write(f"kept as {RELEASED.relative_to(settings.ROOT)}")
        else:
            self._write(wanted)

    def _write(self, wanted: dict[str, str]) -> None:
        FOLDER.mkdir(exist_ok=True)
        for file in FOLDER.glob("*.graphql"):
            if file.name not in wanted:
                file.unlink()
        for name, text in wanted.items():
            (FOLDER / name).write_text(text)
        self.stdout.write(f"{len(wanted)} schemas written to {FOLDER.relative_to(settings.ROOT)}")

    def _compare(self, wanted: dict[str, str]) -> None:
        kept = {file.name: file.read_text() for file in FOLDER.glob("*.graphql")}
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

    def _released(self, now: str) -> None:
        broken = broken_by(RELEASED.read_text(), now)
        silent = untold(broken, [fragment.read_text() for fragment in sorted(FRAGMENTS.glob("*.md"))])
        for change in silent:
            self.stderr.write(f"{change.place}: {change.text}")
        if silent:
            raise CommandError(
                "apps of the last release would break: deprecate instead, or tell each place in changes/ (see --help)"
            )
        self.stdout.write(f"apps of the last release work on; {len(broken)} breaking changes are told")
