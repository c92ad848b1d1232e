"""The catalogues of translated text: found next to each app, compiled when they have changed.

A `locale/<language>/LC_MESSAGES/django.po` is the source and is committed; the `django.mo` that
gettext reads is made from it when a process starts, and carries its source's time, so that an old
one is never mistaken for a new one. Where the process may not write there (an image), the `.mo`
must have been made before: `manage.py messages compile` does nothing else.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import AppConfig, apps

from tessera.module import Module

OURS = ("tessera", "tenants", "billing", "frontend_api")
LANGUAGES = ("zh_Hans",)
NAME = Path("LC_MESSAGES") / "django.po"


def translated_apps() -> list[AppConfig]:
    """Return the apps that keep catalogues: modules, ours, and those of the kernel's that have one beside the kernel's."""
    return [app for app in apps.get_app_configs() if isinstance(app, Module) or app.name in OURS or _has_its_own(app)]


def _has_its_own(app: AppConfig) -> bool:
    return app.name.startswith("tessera.") and (Path(app.path) / "locale").is_dir()


def catalogue_path(app: AppConfig, language: str) -> Path:
    """Return where an app keeps its texts in a language."""
    return Path(app.path) / "locale" / language / NAME


def catalogues() -> Iterator[Path]:
    """Yield every catalogue that there is."""
    for app in translated_apps():
        yield from sorted(Path(app.path).glob(f"locale/*/{NAME}"))


def read_catalogue(path: Path) -> Catalog:
    """Return a catalogue; raise on one that is malformed."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, abort_invalid=True)


def write_catalogue(path: Path, catalogue: Catalog) -> None:
    """Write a catalogue sorted, without dates and line numbers, so that a change shows only what changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        head = (
            f"Language: {catalogue.locale}",
            "Content-Type: text/plain; charset=utf-8",
            f"Plural-Forms: {catalogue.plural_forms}",
        )
        file.write(('msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in head) + "\n").encode())
        write_po(file, catalogue, width=130, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)


def compile_stale() -> list[Path]:
    """Compile each catalogue whose compiled form is missing or of another time; return what was made."""
    made = []
    for source in catalogues():
        target, stamp = source.with_suffix(".mo"), source.stat().st_mtime_ns
        shipped = target.exists() and not os.access(target.parent, os.W_OK)
        if not shipped and (not target.exists() or target.stat().st_mtime_ns != stamp):
            _compile(source, target, stamp)
            made.append(target)
    return made


def _compile(source: Path, target: Path, stamp: int) -> None:
    """Write the compiled form in one step: other processes may start at the same moment."""
    catalogue = read_catalogue(source)
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        write_mo(file, catalogue)
    os.chmod(file.name, 0o644)
    os.utime(file.name, ns=(stamp, stamp))
    os.replace(file.name, target)
