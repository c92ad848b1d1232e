"""Compile the translations of all apps: gettext's own compiler need not be there."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.apps import apps


def compile_translations() -> list[Path]:
    """Write the `.mo` of every `.po` that is newer; return what was written."""
    written = []
    for config in apps.get_app_configs():
        if "site-packages" in Path(config.path).parts:
            continue
        for source in sorted(Path(config.path, "locale").glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            draft = target.with_suffix(f".{os.getpid()}")
            with source.open("rb") as text, draft.open("wb") as compiled:
                write_mo(compiled, read_po(text))
            draft.replace(target)
            written.append(target)
    return written
