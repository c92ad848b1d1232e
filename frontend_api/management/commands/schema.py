"""Keep the published schemas and the reference equal to what the code says, and apps of the last release working."""

from difflib import unified_diff
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tessera.graph.build import build
from tessera.graph.evolution import broken_by, untold
from tessera.graph.reference import reference
from tessera.graph.reference_accounts import accounts_page
from tessera.graph.sdl import module_sets, printed, sdl

from frontend_api.accounts_api import ACCOUNTS, schema_for_accounts

FOLDER = settings.ROOT / "frontend_api" / "schema"
RELEASED = FOLDER / "released"
FULL = "full"  # the sets of modules are parts of it
FRAGMENTS = settings.ROOT / "changes"
PAGES = settings.ROOT / "docs" / "look-up" / "api"
LINES = 60


def _kept() -> list[Path]:
    return [*FOLDER.glob("*.graphql"), *PAGES.glob("*.md")]


def _shown(folder: Path) -> str:
    return str(folder.relative_to(settings.ROOT))


class Command(BaseCommand):
    """Write the schema files and the pages made of them, or compare them with what would be written and with the last release."""

    help = (
        "Write frontend_api/schema/*.graphql and docs/look-up/api (--write, the default), or fail with a diff (--check): also where a "
        "schema breaks apps built from the last release and no line `- Breaking: ...` in changes/ names the place (with `accounts.` "
        "before it on the accounts host). --release keeps the schemas as those that are released."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--check", action="store_true", help="fail where a file differs from the code, or breaks untold")
        which.add_argument("--write", action="store_true", help="write all files (the default)")
        which.add_argument("--release", action="store_true", help="keep the schemas as those of the release being made")

    def handle(self, *args: Any, check: bool, release: bool, **options: Any) -> None:
        sets = module_sets()
        schemas = {name: sdl(labels) for name, labels in sets.items()} | {ACCOUNTS: printed(schema_for_accounts())}
        compared = {name: schemas[name] for name in (FULL, ACCOUNTS)}
        if release:
            self._release(compared)
            return
        pages = reference(build(sets[FULL])) | {ACCOUNTS: accounts_page(schema_for_accounts())}
        wanted = {FOLDER / f"{name}.graphql": text for name, text in schemas.items()}
        wanted |= {PAGES / f"{name}.md": text for name, text in pages.items()}
        if check:
            self._compare(wanted)
            self._released(compared)
        else:
            self._write(wanted)

    def _write(self, wanted: dict[Path, str]) -> None:
        for folder in (FOLDER, PAGES):
            folder.mkdir(parents=True, exist_ok=True)
        for file in _kept():
            if file not in wanted:
                file.unlink()
        for file, text in wanted.items():
            file.write_text(text)
        self.stdout.write(f"{len(wanted)} schemas and pages written to {_shown(FOLDER)} and {_shown(PAGES)}")

    def _release(self, schemas: dict[str, str]) -> None:
        RELEASED.mkdir(parents=True, exist_ok=True)
        for name, text in schemas.items():
            (RELEASED / f"{name}.graphql").write_text(text)
        self.stdout.write(f"kept in {_shown(RELEASED)}: {', '.join(schemas)}")

    def _compare(self, wanted: dict[Path, str]) -> None:
        kept = {file: file.read_text() for file in _kept()}
        differing = sorted(file for file in kept.keys() | wanted.keys() if kept.get(file) != wanted.get(file))
        for file in differing:
            before, after = kept.get(file, "").splitlines(), wanted.get(file, "").splitlines()
            diff = list(unified_diff(before, after, f"{file.name} (kept)", f"{file.name} (code)", lineterm="", n=1))
            self.stderr.write("\n".join(diff[:LINES]) + (f"\n... {len(diff) - LINES} more lines" if len(diff) > LINES else ""))
        if differing:
            names = ", ".join(file.name for file in differing)
            raise CommandError(f"{names} differ from the code: run `manage.py schema --write` and look at the diff")
        self.stdout.write(f"{len(wanted)} schemas and pages are as the code says")

    def _released(self, schemas: dict[str, str]) -> None:
        broken = []
        for name, now in schemas.items():
            found = broken_by((RELEASED / f"{name}.graphql").read_text(), now)
            broken += found if name == FULL else [change.at(name) for change in found]
        silent = untold(broken, [fragment.read_text() for fragment in sorted(FRAGMENTS.glob("*.md"))])
        for change in silent:
            self.stderr.write(f"{change.place}: {change.text}")
        if silent:
            raise CommandError(
                "apps of the last release would break: deprecate instead, or tell each place in changes/ (see --help)"
            )
        self.stdout.write(f"apps of the last release work on; {len(broken)} breaking changes are told")
