"""Which texts of an app are to be translated, and what a catalogue lacks of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from django.apps import AppConfig, apps
from django.utils.translation.template import templatize

KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SKIPPED = {"tests", "migrations", "node_modules", "testing"}
TEXT = r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
IN_TEMPLATE = re.compile(rf"\b(n?p?gettext)\({TEXT}(?:,\s*{TEXT})?(?:,\s*{TEXT})?")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*[^{}]*\}|</?\w+")


def extracted(app: AppConfig) -> Catalog:
    """Return the texts of an app's Python files and templates, without those of apps inside it that translate themselves."""
    catalogue = Catalog(fuzzy=False)
    for file in _files(app):
        if file.suffix == ".py":
            for _line, message, _comments, context in extract_from_file("python", file, keywords=_keywords(file)):
                catalogue.add(message, context=context)
        else:
            for message, context in _in_template(file.read_text()):
                catalogue.add(message, context=context)
    return catalogue


def _keywords(file: Path) -> dict[str, Any]:
    """Return the names under which a file has imported the functions that translate."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            found |= {each.asname or each.name: KEYWORDS[each.name] for each in node.names if each.name in KEYWORDS}
    return found


def _files(app: AppConfig) -> Iterator[Path]:
    from tessera.messages import translated_apps

    root = Path(app.path)
    inner = [Path(other.path) for other in translated_apps() if root in Path(other.path).parents]
    for file in sorted(root.rglob("*")):
        if file.suffix not in (".py", ".html", ".txt") or SKIPPED.intersection(file.relative_to(root).parts):
            continue
        if file.suffix != ".py" and "templates" not in file.parts:
            continue
        if not any(each in file.parents for each in inner):
            yield file


def _in_template(source: str) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    for kind, *texts in IN_TEMPLATE.findall(templatize(source)):
        found = [ast.literal_eval(text) for text in texts if text]
        context = found.pop(0) if "p" in kind else None
        yield ((found[0], found[1]) if kind.startswith("n") else found[0]), context


def updated(app: AppConfig, known: Catalog, language: str) -> Catalog:
    """Return a catalogue with exactly the texts of today: what is known stays translated, what is gone goes."""
    made = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in extracted(app):
        if message.id:
            before = known.get(key_of(message), message.context)
            made.add(message.id, before.string if before else None, flags=before.flags if before else (), context=message.context)
    return made


def key_of(message: Message) -> str:
    """Return what a message is looked up by: its text, or the first of its plural forms."""
    return message.id[0] if isinstance(message.id, (list, tuple)) else message.id


def gaps(app: AppConfig, known: Catalog | None) -> Iterator[str]:
    """Yield what is wrong with a catalogue: texts without a translation, fuzzy, with other placeholders, or of no use."""
    wanted = {(key_of(message), message.context): message for message in extracted(app) if message.id}
    have = {(key_of(message), message.context): message for message in known or () if message.id}
    for key, _message in wanted.items():
        translation = have.get(key)
        if translation is None or not strings_of(translation):
            yield f"not translated: {named(*key)}"
        elif translation.fuzzy:
            yield f"fuzzy: {named(*key)}"
        else:
            names = sorted(PLACEHOLDER.findall(key[0]))
            for string in strings_of(translation):
                if sorted(PLACEHOLDER.findall(string)) != names:
                    yield f"other placeholders: {named(*key)} became {string!r}"
    for key in have.keys() - wanted.keys():
        yield f"translated, but used nowhere: {named(*key)}"


def named(text: str, context: str | None) -> str:
    """Return how a text is told apart: with its context, if it has one."""
    return f"{text!r} ({context})" if context else repr(text)


def strings_of(message: Message) -> list[str]:
    """Return the translations of a message that there are, one for each plural form."""
    text: Any = message.string
    strings: list[Any] = list(text) if isinstance(text, (list, tuple)) else [text]
    return [string for string in strings if string]


def app_named(label: str) -> AppConfig:
    """Return an app that keeps catalogues; raise LookupError for any other."""
    from tessera.messages import translated_apps

    found = apps.get_app_config(label)
    if found not in translated_apps():
        raise LookupError(f"{label} keeps no catalogue")
    return found
